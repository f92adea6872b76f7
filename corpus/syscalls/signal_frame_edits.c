/*
 * What a handler changes in its frame is what the program goes on with: registers, the place it returns to, flags, the
 * mask, VFP registers and FPSCR; what it leaves alone comes back as it was.
 */
#include "check.h"

#include <ucontext.h>

#ifdef __arm__
#define VFP_MAGIC 0x56465001

struct vfp_frame {
	unsigned long magic, size;
	unsigned long long d[32];
	unsigned long fpscr;
};

static volatile int seen;
static unsigned long long d8_seen;
static unsigned fpscr_seen;

static struct vfp_frame *vfp_of(ucontext_t *uc)
{
	unsigned long *at = (unsigned long *)(void *)uc->uc_regspace, *end = at + sizeof(uc->uc_regspace) / 4;

	while (at < end && at[0] && at[0] != VFP_MAGIC)
		at += at[1] / 4;
	CHECK(at < end && at[0] == VFP_MAGIC);
	return (struct vfp_frame *)(void *)at;
}

static void edits(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct vfp_frame *vfp = vfp_of(uc);

	(void)sig;
	(void)info;
	seen++;
	d8_seen = vfp->d[8];
	fpscr_seen = vfp->fpscr;
	vfp->d[8] = 0x4008000000000000ull; /* 3.0 */
	vfp->fpscr ^= 0x00400000; /* rounding up */
	uc->uc_mcontext.arm_r4 = 0xabcd1234;
	uc->uc_mcontext.arm_cpsr ^= 0x40000000;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	/* Not said to the compiler, which would put them back itself: the frame must do that. */
	__asm__ volatile("vmov.f64 d8, #1.0\n"
			 "vmov.f64 d9, #1.0");
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = edits, .sa_flags = SA_SIGINFO};
	unsigned r4 = 0, r5 = 0, z = 0, fpscr = 0;
	unsigned long long d8 = 0;
	double d9 = 0;
	int pid = getpid(), tid = (int)syscall(SYS_gettid);
	sigset_t set;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	__asm__ volatile("push {r7}\n"
			 "mov r0, %[pid]\n"
			 "mov r1, %[tid]\n"
			 "mov r2, #10\n"
			 "mov r4, #1\n"
			 "mov r5, #2\n"
			 "vmov.f64 d8, #2.0\n"
			 "vmov.f64 d9, #5.0\n"
			 "movw r7, #268\n"
			 "cmp r4, r4\n"
			 "svc #0\n" /* tgkill to itself: delivered here */
			 "pop {r7}\n"
			 "mov %[z], #0\n"
			 "it eq\n"
			 "moveq %[z], #1\n"
			 "mov %[r4], r4\n"
			 "mov %[r5], r5\n"
			 "vmrs %[fpscr], fpscr\n"
			 "vmov %Q[d8], %R[d8], d8\n"
			 "vmov.f64 %P[d9], d9\n"
			 : [r4] "=&r"(r4), [r5] "=&r"(r5), [z] "=&r"(z), [fpscr] "=&r"(fpscr), [d8] "=&r"(d8),
			   [d9] "=&w"(d9)
			 : [pid] "r"(pid), [tid] "r"(tid)
			 : "r0", "r1", "r2", "r4", "r5", "d8", "d9", "d16", "cc", "memory");
	CHECK(seen == 1 && d8_seen == 0x4000000000000000ull);
	CHECK(r4 == 0xabcd1234 && r5 == 2 && z == 0 && d8 == 0x4008000000000000ull && d9 == 5.0);
	CHECK((fpscr & 0x00c00000) == ((fpscr_seen ^ 0x00400000) & 0x00c00000));
	CHECK(sigprocmask(SIG_BLOCK, NULL, &set) == 0 && sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1));
	puts("ok signal_frame_edits");
	return 0;
}
#else
/* The frame's layout is ARM's own; here only its mask. */
static void edits(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = edits, .sa_flags = SA_SIGINFO};
	sigset_t set;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && raise(SIGUSR1) == 0);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &set) == 0 && sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1));
	puts("ok signal_frame_edits");
	return 0;
}
#endif
