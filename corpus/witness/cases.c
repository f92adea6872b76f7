/*
 * A witness of single instructions: reads cases (state and pages), runs each in whatever executes this program
 * (qemu-arm, a kernel on ARM) and writes what came of it. Records as of xlate-insn (xlate/verify/stencil_engine.py).
 *
 * The whole work is done in a signal handler: a case is what sigreturn restores, registers, flags, instruction set,
 * ITSTATE and floating point included, and it ends at the next signal. So nothing of the program's own is in the way,
 * but its pages: it is linked far from those of cases. An SVC would be the kernel's, so cases with one are not sent.
 * No libc: TPIDRURO is the case's.
 */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>
#include <stdint.h>

#define PAGE 4096u
#define PAGES_MAX 64u
#define CASE_MAGIC 0x31434958u
#define RESULT_MAGIC 0x31525958u
#define CASE_SAME 2u
#define CPSR_T 0x20u
#define CPSR_USER 0x10u
#define SET_TLS 0x0f0005

enum stop { UNDEFINED = 2, BKPT = 3, FAULT = 5, FETCH = 6 };

struct page {
	uint32_t addr, prot;
	uint8_t bytes[PAGE];
};

struct state {
	uint32_t r[16];
	uint8_t n, z, c, v, q, thumb, itstate, exclusive;
	uint8_t ge[4];
	uint32_t svc, address, fpscr;
	uint64_t value, d[32];
	uint32_t tpidruro, tpidrurw, reserved[8];
};

struct incoming {
	uint32_t magic, id, npages, flags;
	struct state state;
};

struct outgoing {
	uint32_t magic, id, stop, fault_addr, fault_write, npages, package, signal;
	struct state state;
};

struct ucontext {
	unsigned long flags;
	struct ucontext *link;
	stack_t stack;
	struct sigcontext uc_mcontext;
	uint32_t mask[2], unused[30];
	uint64_t uc_regspace[64];
};

/* What the kernel keeps of floating point behind the general registers. */
struct vfp_frame {
	uint32_t magic, size;
	uint64_t d[32];
	uint32_t fpscr;
};

_Static_assert(sizeof(struct state) == 392 && sizeof(struct page) == 8 + PAGE, "record layout");

static struct page pages[PAGES_MAX];
static uint32_t page_count;
static struct incoming now;
static int running;
static uint8_t in[1 << 16], out[1 << 16], alternate[1 << 16];
static uint32_t in_at, in_end, out_end;

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r7 __asm__("r7") = number, r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = d, r4 __asm__("r4") = e, r5 __asm__("r5") = f;

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory");
	return r0;
}

static void leave(int status)
{
	call(__NR_exit_group, status, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

void *memcpy(void *to, const void *from, unsigned n)
{
	uint8_t *a = to;

	for (const uint8_t *b = from; n; n--)
		*a++ = *b++;
	return to;
}

void *memset(void *to, int value, unsigned n)
{
	for (uint8_t *a = to; n; n--)
		*a++ = (uint8_t)value;
	return to;
}

static void copy_page(void *to, const void *from)
{
	for (uint32_t i = 0; i < PAGE / 4; i++)
		((uint32_t *)to)[i] = ((const uint32_t *)from)[i];
}

static int same_page(const void *a, const void *b)
{
	for (uint32_t i = 0; i < PAGE / 4; i++)
		if (((const uint32_t *)a)[i] != ((const uint32_t *)b)[i])
			return 0;
	return 1;
}

static void flush(void)
{
	for (uint32_t at = 0; at < out_end;) {
		long n = call(__NR_write, 1, (long)(out + at), (long)(out_end - at), 0, 0, 0);

		if (n <= 0)
			leave(3);
		at += (uint32_t)n;
	}
	out_end = 0;
}

/* False at the end of the input. Whatever was answered goes out before waiting for more. */
static int take(void *to, uint32_t size)
{
	uint8_t *at = to;

	while (size) {
		uint32_t n = in_end - in_at;

		if (!n) {
			long got;

			flush();
			got = call(__NR_read, 0, (long)in, sizeof(in), 0, 0, 0);
			if (got <= 0)
				return 0;
			in_at = 0, in_end = (uint32_t)got;
			continue;
		}
		n = n < size ? n : size;
		memcpy(at, in + in_at, n);
		at += n, in_at += n, size -= n;
	}
	return 1;
}

static void give(const void *from, uint32_t size)
{
	if (out_end + size > sizeof(out))
		flush();
	memcpy(out + out_end, from, size);
	out_end += size;
}

static void *place(uint32_t i)
{
	return (void *)(uintptr_t)pages[i].addr;
}

static void map_pages(uint32_t count)
{
	for (uint32_t i = 0; i < page_count; i++)
		call(__NR_munmap, (long)place(i), PAGE, 0, 0, 0, 0);
	if (count > PAGES_MAX || !take(pages, count * sizeof(struct page)))
		leave(4);
	page_count = count;
	for (uint32_t i = 0; i < count; i++) {
		long got = call(__NR_mmap2, (long)place(i), PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (got != (long)place(i))
			leave(5);
		copy_page(place(i), pages[i].bytes);
		call(__NR_mprotect, (long)place(i), PAGE, (long)pages[i].prot, 0, 0, 0);
	}
}

static void restore_pages(void)
{
	for (uint32_t i = 0; i < page_count; i++)
		if (pages[i].prot & PROT_WRITE && !same_page(place(i), pages[i].bytes))
			copy_page(place(i), pages[i].bytes);
}

static int executable(uint32_t pc)
{
	for (uint32_t i = 0; i < page_count; i++)
		if (pages[i].prot & PROT_EXEC && pc - pages[i].addr < PAGE)
			return 1;
	return 0;
}

static enum stop reason(int signal, uint32_t pc)
{
	if (signal == SIGILL)
		return UNDEFINED;
	if (signal == SIGTRAP)
		return BKPT;
	return executable(pc) ? FAULT : FETCH;
}

static void save(struct state *s, const struct ucontext *u)
{
	const struct vfp_frame *f = (const struct vfp_frame *)u->uc_regspace;
	uint32_t cpsr = u->uc_mcontext.arm_cpsr;

	memcpy(s->r, &u->uc_mcontext.arm_r0, sizeof(s->r));
	s->n = cpsr >> 31, s->z = cpsr >> 30 & 1, s->c = cpsr >> 29 & 1, s->v = cpsr >> 28 & 1, s->q = cpsr >> 27 & 1;
	s->thumb = cpsr >> 5 & 1;
	s->itstate = (cpsr >> 25 & 3) | (cpsr >> 8 & 0xfc);
	for (int i = 0; i < 4; i++)
		s->ge[i] = cpsr >> (16 + i) & 1;
	memcpy(s->d, f->d, sizeof(s->d));
	s->fpscr = f->fpscr;
	__asm__ volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(s->tpidruro));
	__asm__ volatile("mrc p15, 0, %0, c13, c0, 2" : "=r"(s->tpidrurw));
}

static void load(const struct state *s, struct ucontext *u)
{
	struct vfp_frame *f = (struct vfp_frame *)u->uc_regspace;
	uint32_t cpsr = CPSR_USER | (uint32_t)s->n << 31 | (uint32_t)s->z << 30 | (uint32_t)s->c << 29;

	cpsr |= (uint32_t)s->v << 28 | (uint32_t)s->q << 27 | (s->thumb ? CPSR_T : 0);
	cpsr |= (s->itstate & 3u) << 25 | (s->itstate & 0xfcu) << 8;
	for (int i = 0; i < 4; i++)
		cpsr |= (uint32_t)s->ge[i] << (16 + i);
	memcpy(&u->uc_mcontext.arm_r0, s->r, sizeof(s->r));
	u->uc_mcontext.arm_cpsr = cpsr;
	memcpy(f->d, s->d, sizeof(s->d));
	f->fpscr = s->fpscr;
	call(SET_TLS, (long)s->tpidruro, 0, 0, 0, 0, 0);
	__asm__ volatile("mcr p15, 0, %0, c13, c0, 2" : : "r"(s->tpidrurw));
}

static void answer(int signal, const siginfo_t *info, const struct ucontext *u)
{
	struct outgoing o;
	uint32_t changed[PAGES_MAX];

	memset(&o, 0, sizeof(o));
	o.magic = RESULT_MAGIC, o.id = now.id, o.signal = (uint32_t)signal;
	save(&o.state, u);
	o.stop = reason(signal, o.state.r[15]);
	o.fault_addr = o.stop == FAULT ? (uint32_t)(uintptr_t)info->si_addr : 0;
	for (uint32_t i = 0; i < page_count; i++)
		if (pages[i].prot & PROT_WRITE && !same_page(place(i), pages[i].bytes))
			changed[o.npages++] = i;
	give(&o, sizeof(o));
	for (uint32_t i = 0; i < o.npages; i++) {
		give(&pages[changed[i]], 8);
		give(place(changed[i]), PAGE);
	}
}

static void handle(int signal, siginfo_t *info, void *context)
{
	struct ucontext *u = context;

	if (running)
		answer(signal, info, u);
	running = 1;
	if (!take(&now, sizeof(now)))
		leave(0);
	if (now.magic != CASE_MAGIC)
		leave(2);
	if (now.flags & CASE_SAME)
		restore_pages();
	else
		map_pages(now.npages);
	load(&now.state, u);
}

/* The kernel's own layout of an action, and the return that it has no other way to know. */
struct action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint32_t mask[2];
};

__attribute__((naked)) static void come_back(void)
{
	__asm__("mov r7, #173\n\tsvc 0");
}

void _start(void);

void _start(void)
{
	static const int caught[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE};
	stack_t stack = {alternate, 0, sizeof(alternate)};
	struct action action = {handle, SA_SIGINFO | SA_ONSTACK | SA_RESTORER, come_back, {0, 0}};

	call(__NR_sigaltstack, (long)&stack, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		call(__NR_rt_sigaction, caught[i], (long)&action, 0, sizeof(action.mask), 0, 0);
	__asm__ volatile("udf #0");
	leave(1);
}
