/*
 * siginfo between the x86-64 and the ARM layout: which member of the union holds follows from signal number and code.
 */
#include "signal.h"
#include "string.h"
#include "turns.h"

enum { SI_USER = 0, SI_QUEUE = -1, SI_TIMER = -2, SI_MESGQ = -3, SI_SIGIO = -5, SI_TKILL = -6, SI_KERNEL = 0x80 };

/* POLL_IN to POLL_HUP: how signals of readiness are told from others. */
#define POLL_CODES 6

enum layout { LAYOUT_RT, LAYOUT_TIMER, LAYOUT_CHLD, LAYOUT_FAULT, LAYOUT_POLL, LAYOUT_SYS };

static enum layout layout_of(int sig, int code)
{
	if (code == SI_TIMER)
		return LAYOUT_TIMER;
	if (code == SI_SIGIO)
		return LAYOUT_POLL;
	if (code <= 0 || code == SI_KERNEL)
		return LAYOUT_RT;
	switch (sig) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		return LAYOUT_FAULT;
	case SIGCHLD:
		return LAYOUT_CHLD;
	case SIGIO:
		return LAYOUT_POLL;
	case SIGSYS:
		return LAYOUT_SYS;
	}
	return code <= POLL_CODES ? LAYOUT_POLL : LAYOUT_RT; /* F_SETSIG asked for another signal than SIGIO */
}

void siginfo_to_guest(const struct host_siginfo *host, struct guest_siginfo *guest)
{
	u32 *w = guest->data;

	memset(guest, 0, sizeof(*guest));
	guest->signo = host->signo;
	guest->err = host->err;
	guest->code = host->code;
	switch (layout_of(host->signo, host->code)) {
	case LAYOUT_RT:
	case LAYOUT_TIMER: /* id, overrun and value stand where pid, uid and value do */
		w[0] = (u32)(host->code == SI_TIMER ? host->rt.pid : id_known(host->rt.pid));
		w[1] = host->rt.uid;
		w[2] = (u32)host->rt.value;
		break;
	case LAYOUT_CHLD:
		w[0] = (u32)id_known(host->chld.pid);
		w[1] = host->chld.uid;
		w[2] = (u32)host->chld.status;
		w[3] = (u32)host->chld.utime;
		w[4] = (u32)host->chld.stime;
		break;
	case LAYOUT_FAULT:
		w[0] = (u32)host->fault.addr;
		w[1] = (u32)host->fault.addr_lsb;
		break;
	case LAYOUT_POLL:
		w[0] = (u32)host->poll.band;
		w[1] = (u32)host->poll.fd;
		break;
	case LAYOUT_SYS:
		w[0] = (u32)host->sys.call_addr;
		w[1] = (u32)host->sys.nr;
		w[2] = host->sys.arch;
		break;
	}
}

void siginfo_from_guest(const struct guest_siginfo *guest, struct host_siginfo *host)
{
	memset(host, 0, sizeof(*host));
	host->signo = guest->signo;
	host->err = guest->err;
	host->code = guest->code;
	host->rt.pid = id_in((s32)guest->data[0]);
	host->rt.uid = guest->data[1];
	host->rt.value = guest->data[2];
}
