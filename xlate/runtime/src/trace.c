/*
 * Which system calls, signals and ends are traced, and what a line consists of. Arguments that the kernel fills are
 * shown after the call, the others before it; a failure shows the errno's name, a refusal the reason of its row.
 */
#include "trace.h"

#include "fatal.h"
#include "host.h"
#include "sys/sys.h"
#include "thread.h"

/* Longest line: cut behind that. */
#define LINE_MAX 4096

bool trace_on;

/* --- which calls ------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	u8 class;
} CLASSES[] = {
	{"file", TRACE_FILE},
	{"desc", TRACE_DESC},
	{"process", TRACE_PROCESS},
	{"signal", TRACE_SIGNAL},
	{"network", TRACE_NETWORK},
	{"net", TRACE_NETWORK},
	{"memory", TRACE_MEMORY},
};

static u8 class_named(const char *name, size_t len)
{
	for (u32 i = 0; i < ARRAY_LEN(CLASSES); i++)
		if (strlen(CLASSES[i].name) == len && !strncmp(CLASSES[i].name, name, len))
			return CLASSES[i].class;
	return 0;
}

static bool word_matches(const struct syscall_row *row, const char *word, size_t len)
{
	if (*word == '%')
		return row->classes & class_named(word + 1, len - 1);
	return str_matches(row->name, word, len);
}

/* The words of a list, one after the other; 0 at its end. */
static size_t next_word(const char **list, const char **word)
{
	while (**list == ',')
		++*list;
	for (*word = *list; **list && **list != ','; ++*list)
		continue;
	return (size_t)(*list - *word);
}

static bool list_names(const struct syscall_row *row, const char *list)
{
	const char *word;
	size_t len;

	while ((len = next_word(&list, &word)))
		if (word_matches(row, word, len))
			return true;
	return false;
}

/* What --strace=CALLS says; "trace=" as strace has it, and a leading !, are understood. */
static const char *wanted_list(bool *others)
{
	const char *list = process.opt.strace_only;

	if (str_starts(list, "trace="))
		list += strlen("trace=");
	*others = *list == '!';
	return list + *others;
}

static bool wanted(const struct syscall_row *row)
{
	bool others;
	const char *list;

	if (process.opt.strace_refused && !row->call)
		return true;
	if (!process.opt.strace)
		return false;
	if (!process.opt.strace_only)
		return true;
	list = wanted_list(&others);
	return list_names(row, list) != others;
}

static bool names_any(const char *word, size_t len)
{
	for (u32 i = 0; i < syscall_places(); i++) {
		const struct syscall_row *row = syscall_row_at(i);

		if (row && word_matches(row, word, len))
			return true;
	}
	return false;
}

/* A name that is no call's would trace nothing, and nobody would know why. */
static void check_words(void)
{
	bool others;
	const char *list = wanted_list(&others), *word;
	char name[60];
	size_t len;

	while ((len = next_word(&list, &word))) {
		struct text b = text_begin(name, sizeof(name));

		text_printable(&b, word, len);
		if (!names_any(word, len))
			refuse(EXIT_USAGE, NULL, "--strace: no such system call or class", name,
			       "a pattern as *stat*, or xlate-run --help for classes");
	}
}

/* We are the program that somebody's execve led to: that call has succeeded. */
static void finish_execve(void)
{
	char buf[40];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, ") = 0\n");
	for (u32 i = 0; i < syscall_places(); i++) {
		const struct syscall_row *row = syscall_row_at(i);

		if (row && !strcmp(row->name, "execve") && wanted(row))
			trace_line_end(&b, row->name);
	}
}

void trace_init(void)
{
	trace_on = process.opt.strace || process.opt.strace_refused;
	if (!trace_on)
		return;
	if (process.opt.strace_only)
		check_words();
	trace_out_init();
	if (process.opt.inherited[INHERIT_TRACE] >= 0)
		finish_execve();
}

/* --- calls ------------------------------------------------------------------------------------------- */

struct line {
	char buf[LINE_MAX];
	struct text b;
	u32 next;	/* argument */
};

static void line_start(struct line *l)
{
	l->b = text_begin(l->buf, sizeof(l->buf));
}

static void line_name(struct line *l, const struct syscall_row *row)
{
	line_start(l);
	l->next = 0;
	text_str(&l->b, row->name);
	text_char(&l->b, '(');
}

/* Arguments from l->next on: before the call (result < 0) up to the first that the kernel fills. */
static void line_arguments(struct line *l, const struct syscall_row *row, const u32 *r, long result, bool before)
{
	for (; l->next < row->arg_count; l->next++) {
		const struct trace_arg *a = &row->args[l->next];

		if (before && a->out)
			return;
		if (a->how == SHOW_CREATE_MODE && !(r[a->len] & 0100 /* O_CREAT */))
			continue;
		if (l->next)
			text_str(&l->b, ", ");
		show_argument(&l->b, a, r, result);
	}
}

static bool is_exit(const struct syscall_row *row)
{
	return row->ends && str_starts(row->name, "exit");
}

static void exit_lines(struct line *l, const u32 *r)
{
	text_str(&l->b, ") = ?\n");
	trace_line(&l->b);
	line_start(l);
	text_str(&l->b, "+++ exited with ");
	text_u64(&l->b, r[0] & 0xff);
	text_str(&l->b, " +++\n");
	trace_line(&l->b);
}

static void line_result(struct line *l, const struct syscall_row *row, const u32 *r, long result)
{
	line_arguments(l, row, r, result, false);
	text_char(&l->b, ')');
	show_result(&l->b, row, result);
	if (l->b.at == l->b.end)
		l->b.at--;
	text_char(&l->b, '\n');
}

static bool is_clone(const struct syscall_row *row)
{
	return str_starts(row->name, "clone") || !strcmp(row->name, "fork") || !strcmp(row->name, "vfork");
}

static long make_call(struct thread *t, const struct syscall_row *row, const u32 *r)
{
	long result = row->call ? row->call(t, r) : -(long)row->refused;

	if (result > 0 && is_clone(row))
		trace_more_than_one();
	return result;
}

static long call_shown(struct thread *t, const struct syscall_row *row, const u32 *r)
{
	struct line l;
	int before = t->tid;
	long result;

	line_name(&l, row);
	line_arguments(&l, row, r, -1, true);
	if (is_exit(row)) {
		exit_lines(&l, r);
		return make_call(t, row, r);
	}
	if (!row->quick) {
		trace_line_begin(&l.b);
		line_start(&l);
	}
	result = make_call(t, row, r);
	if (t->tid != before || (is_clone(row) && result == 0))
		return result; /* the child: its parent shows the call */
	line_result(&l, row, r, result);
	if (row->quick)
		trace_line(&l.b);
	else
		trace_line_end(&l.b, row->name);
	return result;
}

long trace_and_call(struct thread *t, const struct syscall_row *row, const u32 *r)
{
	return wanted(row) ? call_shown(t, row, r) : make_call(t, row, r);
}

/* --- other lines ------------------------------------------------------------------------------------- */

void trace_unknown(u32 nr, const char *why)
{
	struct line l;

	line_start(&l);
	text_str(&l.b, "syscall_");
	text_hex(&l.b, nr);
	text_str(&l.b, "(...) = -1 ENOSYS (");
	text_str(&l.b, why);
	text_str(&l.b, ")\n");
	trace_line(&l.b);
}

void trace_signal(int sig, const struct guest_siginfo *info)
{
	struct line l;

	if (!process.opt.strace)
		return;
	line_start(&l);
	text_str(&l.b, "--- ");
	show_signal(&l.b, sig);
	text_char(&l.b, ' ');
	show_siginfo(&l.b, sig, info);
	text_str(&l.b, " ---\n");
	trace_line(&l.b);
}

void trace_killed(int sig)
{
	struct line l;

	if (!process.opt.strace)
		return;
	line_start(&l);
	text_str(&l.b, "+++ killed by ");
	show_signal(&l.b, sig);
	text_str(&l.b, " +++\n");
	trace_line(&l.b);
}

void trace_note(const char *what, const char *why)
{
	struct line l;

	line_start(&l);
	text_str(&l.b, "xlate-run: ");
	text_printable(&l.b, what, 300);
	text_str(&l.b, ": ");
	text_printable(&l.b, why, 300);
	text_char(&l.b, '\n');
	trace_line(&l.b);
}
