/*
 * The host kernel as this runtime sees it: raw x86-64 system calls and the layouts the kernel hands to
 * signal handlers. No errno: a call returns its value or -errno. Which call the guest meant is decided elsewhere.
 */
#ifndef XLATE_HOST_H
#define XLATE_HOST_H

/*
 * Nothing is exported: with hidden visibility the compiler addresses symbols relative to the pc. Through a GOT the
 * linker would rewrite some accesses to 32-bit immediates, which do not reach this program's high address.
 */
#pragma GCC visibility push(hidden)

#include <asm/errno.h>
#include <asm/unistd.h>

#include "types.h"

static inline long host_syscall6(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	register u64 r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long host_syscall5(long nr, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	return host_syscall6(nr, a, b, c, d, e, 0);
}

static inline long host_syscall4(long nr, u64 a, u64 b, u64 c, u64 d)
{
	return host_syscall6(nr, a, b, c, d, 0, 0);
}

static inline long host_syscall3(long nr, u64 a, u64 b, u64 c)
{
	return host_syscall6(nr, a, b, c, 0, 0, 0);
}

static inline long host_syscall2(long nr, u64 a, u64 b)
{
	return host_syscall6(nr, a, b, 0, 0, 0, 0);
}

static inline long host_syscall1(long nr, u64 a)
{
	return host_syscall6(nr, a, 0, 0, 0, 0, 0);
}

static inline long host_syscall0(long nr)
{
	return host_syscall6(nr, 0, 0, 0, 0, 0, 0);
}

/* The kernel returns -4095..-1 for errors and addresses or counts otherwise. */
static inline bool host_is_error(long ret)
{
	return (u64)ret >= (u64)-4095l;
}

/* Registers at the interruption, in the order of the kernel's struct sigcontext for x86-64. */
struct host_mcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	u16 cs, gs, fs, ss;
	u64 err; /* page faults: bit 1 = write */
	u64 trapno;
	u64 oldmask;
	u64 cr2;
	struct host_fpstate *fpstate;
	u64 reserved[8];
};

struct host_ucontext {
	u64 uc_flags;
	u64 uc_link;
	u64 ss_sp;
	u64 ss_flags; /* an int and its padding */
	u64 ss_size;
	struct host_mcontext mc;
	u64 uc_sigmask;
};

/* The legacy part of the saved FPU state: what a handler may want to read or change. */
struct host_fpstate {
	u16 cwd, swd, twd, fop;
	u64 rip, rdp;
	u32 mxcsr, mxcsr_mask;
	u8 st[8][16];
	u64 xmm[16][2];
};

_Static_assert(offsetof(struct host_ucontext, mc) == 40, "x86-64 ucontext");
_Static_assert(offsetof(struct host_ucontext, uc_sigmask) == 296, "x86-64 ucontext");
_Static_assert(offsetof(struct host_fpstate, xmm) == 160, "x86-64 fxsave area");

/* siginfo of the x86-64 kernel: 128 bytes. Which member of the union holds depends on signo and code. */
struct host_siginfo {
	s32 signo;
	s32 err;
	s32 code;
	s32 pad;
	union {
		struct {
			s32 pid;
			u32 uid;
			u64 value;
		} rt; /* kill, tgkill (no value), sigqueue, message queues */
		struct {
			s32 tid;
			s32 overrun;
			u64 value;
		} timer;
		struct {
			s32 pid;
			u32 uid;
			s32 status;
			s32 pad;
			s64 utime;
			s64 stime;
		} chld;
		struct {
			u64 addr;
			s16 addr_lsb;
		} fault;
		struct {
			s64 band;
			s32 fd;
		} poll;
		struct {
			u64 call_addr;
			s32 nr;
			u32 arch;
		} sys;
		u8 bytes[112];
	};
};

_Static_assert(sizeof(struct host_siginfo) == 128, "x86-64 siginfo");

/* Buffers of readv and its kin, and a message of sendmsg. */
struct host_iovec {
	u64 base, len;
};

struct host_msghdr {
	u64 name;
	u32 namelen, pad;
	u64 iov, iovlen;
	u64 control, controllen;
	u32 flags, pad2;
};

struct host_sigaction {
	u64 handler;
	u64 flags;
	u64 restorer;
	u64 mask;
};

/* Bits of the kernel's interface that are the same on x86-64 and ARM. */
enum {
	PROT_READ = 1,
	PROT_WRITE = 2,
	PROT_EXEC = 4,
	PROT_GROWSDOWN = 0x01000000,
	MAP_SHARED = 0x01,
	MAP_PRIVATE = 0x02,
	MAP_SHARED_VALIDATE = 0x03,
	MAP_TYPE = 0x0f,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	MAP_GROWSDOWN = 0x100,
	MAP_NORESERVE = 0x4000,
	MAP_POPULATE = 0x8000,
	MAP_FIXED_NOREPLACE = 0x100000,
	MREMAP_MAYMOVE = 1,
	MREMAP_FIXED = 2,
	MREMAP_DONTUNMAP = 4,
	AT_FDCWD = -100,
	AT_SYMLINK_NOFOLLOW = 0x100,
	AT_EMPTY_PATH = 0x1000,
};

/* Flags of clone(2), the same on x86-64 and ARM. */
#define CLONE_VM 0x00000100u
#define CLONE_FS 0x00000200u
#define CLONE_FILES 0x00000400u
#define CLONE_SIGHAND 0x00000800u
#define CLONE_PIDFD 0x00001000u
#define CLONE_VFORK 0x00004000u
#define CLONE_THREAD 0x00010000u
#define CLONE_SETTLS 0x00080000u
#define CLONE_PARENT_SETTID 0x00100000u
#define CLONE_CHILD_CLEARTID 0x00200000u
#define CLONE_DETACHED 0x00400000u
#define CLONE_CHILD_SETTID 0x01000000u
#define CLONE_CLEAR_SIGHAND 0x100000000ull /* clone3 only, like all above 32 bits */
#define CLONE_INTO_CGROUP 0x200000000ull

static inline long host_mmap(u64 addr, u64 len, int prot, int flags, int fd, u64 offset)
{
	return host_syscall6(__NR_mmap, addr, len, (u64)prot, (u64)flags, (u64)fd, offset);
}

static inline long host_munmap(u64 addr, u64 len)
{
	return host_syscall2(__NR_munmap, addr, len);
}

static inline long host_mprotect(u64 addr, u64 len, int prot)
{
	return host_syscall3(__NR_mprotect, addr, len, (u64)prot);
}

/* --- host/x86_64/ assembly ------------------------------------------------------------------------- */

/*
 * Copies whose faults become -EFAULT: the SIGSEGV and SIGBUS handler recognises a pc between
 * copy_code_begin and copy_code_end and continues at copy_fixup. src and dst are host addresses.
 */
long copy_fault(void *dst, const void *src, u64 len);		/* 0 or -EFAULT */
long copy_string_fault(char *dst, const char *src, u64 max);	/* length before NUL, max if none, or -EFAULT */
extern const char copy_code_begin[], copy_code_end[], copy_fixup[];

/*
 * Makes system call nr unless *pending is set, closing the window between check and call: a handler that
 * interrupts between blocking_begin and blocking_insn (the syscall instruction, included) continues at
 * blocking_abort, which returns -ERESTARTNOINTR. Use guest_blocking_syscall() (signal.h).
 */
long host_blocking_syscall(const u32 *pending, long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
extern const char blocking_begin[], blocking_insn[], blocking_abort[];

/* sa_restorer of every host handler. */
extern const char host_sigreturn[];

/* Continue in fn(a, b) on another stack; fn must not return. */
_Noreturn void host_switch_stack(void *sp, void (*fn)(void *, void *), void *a, void *b);

#endif
