/*
 * Messages that end xlate-run, and the words for errno values; which status belongs to what is the caller's decision.
 */
#include "fatal.h"

#include "guest.h"
#include "host.h"
#include "string.h"

#define MESSAGE_MAX 1024
#define NAME_SHOWN 300 /* a program's name is cut there so that the reason always fits */

_Noreturn static void end(int status)
{
	for (;;)
		host_syscall1(__NR_exit_group, (u64)status);
}

_Noreturn void refuse(int status, const char *prog, const char *what, const char *why, const char *hint)
{
	char buf[MESSAGE_MAX];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, GUEST_PROGRAM ": ");
	if (prog) {
		text_printable(&b, *prog ? prog : "''", NAME_SHOWN);
		text_str(&b, ": ");
	}
	text_printable(&b, what, NAME_SHOWN);
	if (why) {
		text_str(&b, " (");
		text_printable(&b, why, NAME_SHOWN);
		text_char(&b, ')');
	}
	if (hint) {
		text_str(&b, "; try: ");
		text_printable(&b, hint, NAME_SHOWN);
	}
	if (b.at == b.end)
		b.at--;
	text_char(&b, '\n');
	text_write(&b, 2);
	end(status);
}

_Noreturn void fatal(const char *what)
{
	refuse(EXIT_OWN_FAILURE, NULL, "internal error", what, NULL);
}

_Noreturn void fatal_at(const char *what, u64 host_pc, u64 addr)
{
	char buf[200];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, what);
	text_str(&b, " at host pc ");
	text_hex(&b, host_pc);
	text_str(&b, ", address ");
	text_hex(&b, addr);
	fatal(buf);
}

static const struct {
	int err;
	const char *text;
} ERROR_TEXTS[] = {
	{EPERM, "operation not permitted"},
	{ENOENT, "no such file or directory"},
	{EIO, "input/output error"},
	{E2BIG, "argument list too long"},
	{ENOEXEC, "exec format error"},
	{ENOMEM, "out of memory or address space"},
	{EACCES, "permission denied"},
	{EEXIST, "already taken"},
	{ENOTDIR, "not a directory"},
	{EISDIR, "is a directory"},
	{EINVAL, "invalid argument"},
	{ENFILE, "too many open files in the system"},
	{EMFILE, "too many open files"},
	{ETXTBSY, "file is being written"},
	{EBADF, "bad file descriptor"},
	{EFBIG, "file too large"},
	{ENOSPC, "no space left on device"},
	{EROFS, "read-only file system"},
	{EDQUOT, "quota exceeded"},
	{ENAMETOOLONG, "name too long"},
	{ELOOP, "too many levels of links or scripts"},
	{EOVERFLOW, "value too large"},
};

const char *error_text(long err)
{
	static char other[32];
	struct text b;

	for (size_t i = 0; i < ARRAY_LEN(ERROR_TEXTS); i++)
		if (ERROR_TEXTS[i].err == err)
			return ERROR_TEXTS[i].text;
	b = text_begin(other, sizeof(other));
	text_str(&b, "error ");
	text_s64(&b, err);
	return other;
}
