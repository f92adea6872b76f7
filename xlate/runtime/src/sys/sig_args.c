/* Signal masks and notification requests as arguments of calls of other families. */
#include "sys/sys.h"

#define SIGSET_SIZE 8u
#define SIGEV_THREAD 2
/* Length of the cookie that SIGEV_THREAD of message queues points at. */
#define NOTIFY_COOKIE 32u

long temporary_mask_in(struct thread *t, gaddr set, u32 size, u64 *mask, u64 **host)
{
	long err;

	*host = NULL;
	if (!set.va)
		return 0;
	if (size != SIGSET_SIZE)
		return -EINVAL;
	err = copy_in(mask, set, sizeof(*mask));
	if (err)
		return err;
	*mask = signal_temporary_mask(t, *mask);
	*host = mask;
	return 0;
}

long sigevent_in(struct host_sigevent *ev, gaddr a)
{
	struct guest_sigevent g;
	long err = copy_in(&g, a, sizeof(g));

	memset(ev, 0, sizeof(*ev));
	ev->value = g.notify == SIGEV_THREAD ? buf_in(GADDR(g.value), NOTIFY_COOKIE) : g.value;
	ev->signo = g.signo;
	ev->notify = g.notify;
	ev->tid = id_in(g.tid);
	return err;
}
