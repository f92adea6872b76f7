/*
 * A wish is a symbolic link in the store's folder wanted/: its name is the file's quick key, what it holds is the
 * file's path. One system call makes it, whole or not at all, and it fails where the wish is there already. Nobody
 * follows it: xlate/batch/wishes.py reads the path, and compares the quick key before it believes it.
 *
 * Only where that folder is are there wishes; `xlate exec` makes it when it starts a converter. So a machine on which
 * nobody converts in the background gets no file from here.
 */
#include "wanted.h"

#include "gen/package.h"
#include "host.h"
#include "rooted.h"
#include "string.h"
#include "thread.h"

#define PATH_SIZE 4096

/* What another conversion would mend. */
static bool would_help(const char *state)
{
	return state && (!strcmp(state, "none") || str_starts(state, "stale") ||
			 str_starts(state, "refused: damaged") || str_starts(state, "refused: truncated"));
}

/* The file's path as the host knows it; with a namespace's root, paths there lack the root's. */
static bool host_name(int fd, char *path, size_t size)
{
	const char *root = process.opt.root && !rooted_on() ? process.opt.root : "";
	size_t above = strlen(root);
	long n;

	if (above >= size)
		return false;
	memcpy(path, root, above);
	n = fd_path(fd, path + above, size - above);
	return n > 0 && path[above] == '/' && (u64)n < size - above - 1;
}

void wanted_note(int fd, const u8 quick[QUICK_SIZE], const char *state)
{
	char path[PATH_SIZE], name[QUICK_TEXT];
	long root, folder;

	if (!would_help(state))
		return;
	root = store_root(false);
	folder = root < 0 ? root : store_folder((int)root, WANTED_FOLDER, false);
	if (folder >= 0 && host_name(fd, path, sizeof(path))) {
		store_quick_text(quick, name);
		host_syscall3(__NR_symlinkat, (u64)path, (u64)folder, (u64)name);
	}
	if (folder >= 0)
		host_syscall1(__NR_close, (u64)folder);
	if (root >= 0)
		host_syscall1(__NR_close, (u64)root);
}
