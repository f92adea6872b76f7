/*
 * The process as a whole: its own descriptors, kept out of the guest's sight, its fork and its end.
 *
 * Own descriptors sit just below the descriptor limit, where no program looks; guest calls on them answer EBADF, and
 * dup2 onto one of these numbers moves ours away first.
 */
#include "fatal.h"
#include "held.h"
#include "host.h"
#include "memory.h"
#include "record.h"
#include "robust.h"
#include "rooted.h"
#include "stats.h"
#include "stock.h"
#include "string.h"
#include "thread.h"
#include "world.h"

struct process process;

enum { F_DUPFD_CLOEXEC = 1030, RLIMIT_FSIZE = 1, RLIMIT_NOFILE = 7 };

#define MFD_CLOEXEC 1u

bool fd_is_own(int fd)
{
	const struct group *g = group_self();

	for (u32 i = 0; i < OWN_FD_COUNT; i++)
		if (g->own_fds[i] == fd && fd >= 0)
			return true;
	return false;
}

int fd_own_in_range(u32 first, u32 last)
{
	const struct group *g = group_self();
	int found = -1;

	for (u32 i = 0; i < OWN_FD_COUNT; i++) {
		int fd = g->own_fds[i];

		if (fd >= 0 && (u32)fd >= first && (u32)fd <= last && (found < 0 || fd < found))
			found = fd;
	}
	return found;
}

long fd_path(long fd, char *buf, size_t size)
{
	char link[40];
	struct text b = text_begin(link, sizeof(link));
	long n;

	text_str(&b, rooted_descriptors());
	text_s64(&b, fd);
	n = host_syscall4(__NR_readlinkat, (u64)AT_FDCWD, (u64)link, (u64)buf, size - 1);
	buf[n > 0 ? n : 0] = 0;
	return n;
}

/* A copy of fd at a high free number that is not `avoid`. */
static long dup_high(int fd, int avoid)
{
	u64 limit[2] = {1024, 1024};
	u64 low;
	long ret;

	host_syscall4(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, (u64)limit);
	if (limit[0] > 1u << 20)
		limit[0] = 1u << 20; /* the kernel's table would grow with the number */
	low = limit[0] > 2 * OWN_FD_ROOM ? limit[0] - OWN_FD_ROOM : 3;
	ret = host_syscall3(__NR_fcntl, (u64)fd, F_DUPFD_CLOEXEC, low);
	if (ret == avoid && ret >= 0) {
		long next = host_syscall3(__NR_fcntl, (u64)fd, F_DUPFD_CLOEXEC, low);

		host_syscall1(__NR_close, (u64)ret);
		ret = next;
	}
	if (ret == -EMFILE || ret == -EINVAL) /* the high end is taken: anywhere above the standard ones */
		ret = host_syscall3(__NR_fcntl, (u64)fd, F_DUPFD_CLOEXEC, 3);
	return ret;
}

long fd_vacate(int fd)
{
	struct group *g = group_self();
	HOLD_LOCK;

	for (u32 i = 0; i < OWN_FD_COUNT; i++) {
		if (g->own_fds[i] == fd && fd >= 0) {
			long high = dup_high(fd, fd);

			if (high < 0)
				return high;
			host_syscall1(__NR_close, (u64)fd);
			g->own_fds[i] = (int)high;
		}
	}
	return 0;
}

long fd_raise(int fd)
{
	long high = dup_high(fd, -1);

	host_syscall1(__NR_close, (u64)fd);
	return high;
}

long fd_adopt(enum own_fd which, int fd)
{
	long high = fd_raise(fd);

	group_self()->own_fds[which] = high < 0 ? -1 : (int)high;
	return high;
}

long memory_file(const char *name, u64 size, u32 flags)
{
	u64 limit[2] = {0, 0};
	long fd, err;

	/* It counts as a file: growing it beyond the limit would end the process by SIGXFSZ. */
	if (host_syscall4(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, (u64)limit) || limit[0] < size)
		return -EFBIG;
	fd = host_syscall2(__NR_memfd_create, (u64)name, MFD_CLOEXEC | flags);
	err = fd < 0 ? fd : host_syscall2(__NR_ftruncate, (u64)fd, size);
	if (fd >= 0 && err)
		host_syscall1(__NR_close, (u64)fd);
	return err ? err : fd;
}

void process_after_fork(struct thread *t)
{
	struct thread *others = world_after_fork(t);

	struct group g = *t->group; /* the first thread's block may be another one, which goes */

	memcpy(g.own_actions, g.actions, sizeof(g.own_actions));
	t->own_group = g;
	t->group = &t->own_group;
	t->group->actions = t->own_group.own_actions;
	while (others) {
		struct thread *next = others->next_thread;

		held_in_child(others);
		thread_free(others);
		others = next;
	}
	record_after_fork();
	t->group->threads = 1;
	t->start_flags = 0;
	t->group->pid = (int)host_syscall0(__NR_getpid);
	t->tid = (int)host_syscall0(__NR_gettid);
	/* Pending signals are the parent's, but one may have come to the child already. */
	t->sig.sent_sync = 0;
	if (t->sig.recorded && t->sig.recorded_pid != t->group->pid) {
		t->sig.recorded = 0;
		signal_mask(t, SIG_SETMASK, &t->sig.blocked, NULL);
	}
	stats_after_fork();
	stock_after_fork();
}

/*
 * The memory one stands on goes with the last instructions. The block of a process's first thread stays while others
 * need what is in it; that of a vfork's child is its parent's to free.
 */
_Noreturn void thread_exit(struct thread *t, int status)
{
	bool last = __atomic_sub_fetch(&t->group->threads, 1, __ATOMIC_SEQ_CST) == 0;
	bool first = t->group == &t->own_group, needed = first && (!last || t->group->lent || !t->start_flags);
	u64 all = ~0ull;

	if (last && first && !t->start_flags)
		process_exit(t, status);
	robust_release(t);
	if (t->clear_child_tid.va)
		mem_will_write(t->clear_child_tid, 4);
	if (last && !(t->start_flags & CLONE_VFORK))
		stock_save(true);
	if (last)
		stats_finish();
	host_syscall4(__NR_rt_sigprocmask, 0 /* SIG_BLOCK */, (u64)&all, 0, sizeof(all));
	if (turns_on()) {
		turns_clear_tid(t);
		if (t->tid != t->group->pid)
			ids_end_thread(t->turn.id);
	}
	if (!(t->start_flags & CLONE_VFORK)) {
		world_remove(t);
		if (turns_on())
			turns_leave(t);
		if (!needed)
			thread_leave(t, status);
	}
	for (;;)
		host_syscall1(__NR_exit, (u64)status);
}

_Noreturn void process_exit(struct thread *t, int status)
{
	robust_release_all(t);
	stock_save(true);
	stats_finish();
	if (turns_on())
		turns_end_process(t);
	for (;;)
		host_syscall1(__NR_exit_group, (u64)status);
}
