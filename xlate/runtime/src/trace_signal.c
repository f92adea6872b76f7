/* Signals in strace's manner: one, a set of them, what came with one, and what wait tells of an end. */
#include "trace.h"

#include "gen/trace_arm32.h"
#include "host.h"
#include "string.h"

/* Without the SIG where a set is shown; real-time signals have numbers. */
void text_signal(struct text *b, u32 sig, bool in_set)
{
	const char *name = text_name_of(NAMES_signal, sig);

	if (name) {
		text_str(b, in_set ? name + strlen("SIG") : name);
	} else {
		text_str(b, in_set ? "RT_" : "SIGRT_");
		text_s64(b, (s64)sig - 32);
	}
}

void show_signal(struct text *b, int sig)
{
	text_signal(b, (u32)sig, false);
}

void text_sigset(struct text *b, u64 set)
{
	u32 count = 0;
	bool first = true, most;

	for (u64 rest = set; rest; rest &= rest - 1)
		count++;
	most = count > SIGNAL_MAX / 2;
	text_str(b, most ? "~[" : "[");
	for (int sig = 1; sig <= SIGNAL_MAX; sig++) {
		if (!(set & SIG_BIT(sig)) != most)
			continue;
		if (!first)
			text_char(b, ' ');
		first = false;
		text_signal(b, (u32)sig, true);
	}
	text_char(b, ']');
}

void text_status(struct text *b, u32 status)
{
	u32 sig = status & 0x7f;

	if (sig == 0) {
		text_str(b, "[{WIFEXITED(s) && WEXITSTATUS(s) == ");
		text_u64(b, status >> 8 & 0xff);
	} else if ((status & 0xff) == 0x7f) {
		text_str(b, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		text_signal(b, status >> 8 & 0xff, false);
	} else if (status == 0xffff) {
		text_str(b, "[{WIFCONTINUED(s)");
	} else {
		text_str(b, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		text_signal(b, sig, false);
		if (status & 0x80)
			text_str(b, " && WCOREDUMP(s)");
	}
	text_str(b, "}]");
}

void show_siginfo(struct text *b, int sig, const struct guest_siginfo *info)
{
	bool fault = sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP;

	text_str(b, "{si_signo=");
	show_signal(b, sig);
	text_str(b, ", si_code=");
	if (fault && info->code > 0 && info->code != 0x80)
		text_names(b, sig == SIGSEGV ? NAMES_segv : sig == SIGBUS ? NAMES_bus : NAMES_fault, (u32)info->code);
	else
		text_names(b, sig == SIGCHLD && info->code > 0 ? NAMES_cld : NAMES_si, (u32)info->code);
	if (fault && info->code > 0) {
		text_str(b, ", si_addr=");
		text_address(b, info->data[0]);
	} else if (info->code <= 0 || sig == SIGCHLD) {
		text_str(b, ", si_pid=");
		text_u64(b, info->data[0]);
		text_str(b, ", si_uid=");
		text_u64(b, info->data[1]);
	}
	if (sig == SIGCHLD && info->code > 0) {
		text_str(b, ", si_status=");
		text_s64(b, (s32)info->data[2]);
	}
	text_char(b, '}');
}
