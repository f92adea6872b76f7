/*
 * --strace: system calls, signals and ends as strace prints them. The rows say what each argument is (frontends/arm32,
 * by xlate/tools/gen_syscalls.py); trace.c makes lines of it, trace_show.c values, trace_out.c decides where they go.
 */
#ifndef XLATE_TRACE_H
#define XLATE_TRACE_H

#include "signal.h"
#include "string.h"
#include "types.h"

struct thread;

/* How a value is shown: numbers and names first, then what stands at an address. */
enum trace_how {
	SHOW_D,		/* signed */
	SHOW_U,		/* unsigned */
	SHOW_X,		/* hexadecimal */
	SHOW_O,		/* octal */
	SHOW_P,		/* an address */
	SHOW_DIRFD,	/* a descriptor, or AT_FDCWD */
	SHOW_PAIR,	/* 64 bits in two registers */
	SHOW_PAGES,	/* a number of pages, shown in bytes */
	SHOW_NAMES,	/* a table of names */
	SHOW_FILE_MODE,	/* type and permissions */
	SHOW_CREATE_MODE,/* permissions of a file that open may make: shown when its flags say so */
	SHOW_STR,	/* a string */
	SHOW_PATH,	/* one that is not cut */
	SHOW_BYTES,	/* as many as another argument says, or as the result does */
	SHOW_SHAPE,	/* a structure, or several */
	SHOW_SIGSET,
	SHOW_SOCKADDR,
	SHOW_IOVEC,
	SHOW_MSGHDR,
	SHOW_WORDS,	/* an array of strings */
	SHOW_ENVIRON,	/* how many strings an array has */
	SHOW_STATUS,	/* what wait tells */
	SHOW_INTS,	/* numbers of 4 bytes */
	SHOW_FDSET,	/* descriptors of select, below the number that another argument tells */
	SHOW_DIRENTS,	/* how many records of a folder */
	SHOW_CHOICE,	/* one of these, by the value of another argument */
};

#define TRACE_NO_LENGTH 0xff
#define TRACE_LENGTH_AT 0x80 /* the length stands where that register points */

struct trace_arg {
	u8 how;		/* enum trace_how */
	u8 reg;		/* first register */
	u8 len;		/* register that tells a length, or selects; TRACE_NO_LENGTH, TRACE_LENGTH_AT */
	u8 table;	/* which names, shape or choice */
	u8 fixed;	/* SHOW_INTS: how many, when no register says */
	bool out;	/* filled by the kernel: shown when the call is over */
};

enum trace_class {
	TRACE_FILE = 1,
	TRACE_DESC = 2,
	TRACE_PROCESS = 4,
	TRACE_SIGNAL = 8,
	TRACE_NETWORK = 16,
	TRACE_MEMORY = 32,
};

struct syscall_row {
	const char *name;
	const struct trace_arg *args;
	u8 arg_count;
	u8 classes;	/* enum trace_class */
	u8 result;	/* enum trace_how */
	bool quick;	/* does not wait: its line is printed at once */
	bool ends;	/* does not return when it succeeds */
	u16 refused;	/* errno */
	long (*call)(struct thread *t, const u32 *r);	/* NULL: refused */
	const char *reason;	/* of a refusal */
};

/* Open the output and check which calls are wanted. */
void trace_init(void);
/* row->call(t, r), or its refusal, shown if it is wanted. */
long trace_and_call(struct thread *t, const struct syscall_row *row, const u32 *r);
void trace_unknown(u32 nr, const char *why);
/* A signal that the guest's handler gets, or that ends the process. */
void trace_signal(int sig, const struct guest_siginfo *info);
void trace_killed(int sig);
/* One line about an execve that answers ENOEXEC. */
void trace_note(const char *what, const char *why);

static inline bool trace_is_on(void)
{
	extern bool trace_on __attribute__((visibility("hidden")));

	return trace_on;
}

/* --- values (trace_show.c) --------------------------------------------------------------------------- */

/* One argument of a call whose registers are r; result is that of the call, or negative before it. */
void show_argument(struct text *b, const struct trace_arg *a, const u32 *r, long result);
void show_result(struct text *b, const struct syscall_row *row, long result);
void show_siginfo(struct text *b, int sig, const struct guest_siginfo *info);
void show_signal(struct text *b, int sig);

/* --- text (trace_text.c) ----------------------------------------------------------------------------- */

void text_octal(struct text *b, u32 v);
/* Hexadecimal, but 0 and NULL for nothing. */
void text_bits(struct text *b, u64 v);
void text_address(struct text *b, u32 va);
/* In quotes, with C escapes for what does not print; dots behind it when there is more. */
void text_quoted(struct text *b, const char *s, u64 len, bool more);
void text_inet6(struct text *b, const u8 *address);

/* --- the output (trace_out.c) ------------------------------------------------------------------------ */

void trace_out_init(void);
/* A whole line. */
void trace_line(const struct text *b);
/* The part of a call's line that is known before the call; the rest, to which `name` leads back when others wrote. */
void trace_line_begin(const struct text *b);
void trace_line_end(const struct text *b, const char *name);
/* There is, or will be, another process or thread. */
void trace_more_than_one(void);

#endif
