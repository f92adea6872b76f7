/*
 * Programs of the host, started by a guest: only those that --host-exec allows. The others answer EACCES, with one line
 * that says how to allow them: a guest comes upon them by accident, where its sysroot lacks a file that the host has. An
 * ARM kernel would say ENOEXEC, but at that execvp and shells read the file as a script; a policy's answer ends it.
 */
#include "exec.h"

#include "host.h"
#include "memory.h"
#include "string.h"
#include "thread.h"

#define ALLOW_ALL "allow"

enum { EM_386 = 3, EM_X86_64 = 62 };

bool host_program(int fd)
{
	u8 header[20];

	if (host_syscall4(__NR_pread64, (u64)fd, (u64)header, sizeof(header), 0) != sizeof(header))
		return false;
	if (memcmp(header, "\177ELF", 4))
		return false;
	return header[19] == 0 && (header[18] == EM_386 || header[18] == EM_X86_64);
}

/* Patterns of whole paths, with commas between. */
static bool allowed(const char *path)
{
	const char *list = process.opt.host_exec;

	if (!list || !strcmp(list, ALLOW_ALL))
		return list;
	for (const char *end;; list = end + 1) {
		for (end = list; *end && *end != ','; end++)
			continue;
		if (str_matches(path, list, (size_t)(end - list)))
			return true;
		if (!*end)
			return false;
	}
}

static void say_refused(const char *path)
{
	char buf[700];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "xlate-run: ");
	text_printable(&b, path, 300);
	text_str(&b, ": a program of the host, and none of those is started (it is not for ARM); try: --host-exec ");
	text_printable(&b, path, 300);
	text_str(&b, "\n");
	text_write(&b, 2);
}

/* A script's words, then the guest's, and its environment. */
static long run(struct thread *t, const struct program *p, const char *path, const char **words, long argc, long envc,
		gaddr argv, gaddr envp)
{
	u32 n = p->prefix_count;
	long from = n ? 1 : 0, left = argc > from ? argc : from;
	long err;

	memcpy(words, p->prefix, n * sizeof(*words));
	err = exec_add_words(words + n, argv, from, left);
	if (!err)
		err = exec_add_words(words + n + (left - from) + 1, envp, 0, envc);
	if (err)
		return err;
	return exec_now(t, AT_FDCWD, path, words, words + n + (left - from) + 1, NULL);
}

long exec_host(struct thread *t, const struct program *p, gaddr argv, gaddr envp)
{
	char path[4096], shown[4096];
	long argc = exec_count_words(argv), envc = exec_count_words(envp);
	long err = fd_path(p->fd, path, sizeof(path)), room;
	u64 size;

	if (err < 0 || argc < 0 || envc < 0)
		return err < 0 ? err : argc < 0 ? argc : envc;
	memcpy(shown, path, sizeof(shown));
	if (rooted_on())
		rooted_name(shown, sizeof(shown));
	if (!allowed(shown)) {
		say_refused(shown);
		return -EACCES;
	}
	size = page_ceil(((u64)argc + (u64)envc + ARRAY_LEN(p->prefix) + 4) * sizeof(char *));
	room = exec_room(t, size);
	if (host_is_error(room))
		return room;
	err = run(t, p, path, (const char **)room, argc, envc, argv, envp);
	exec_room_end(t);
	return err;
}
