/*
 * Run options: a table of names, what they take and what they set. Says nothing about what the options then do.
 *
 * Two spellings start a guest: `xlate-run [options] PROG ARGS`, and binfmt_misc with its P flag, where the kernel puts
 * `path argv0 args...` after our own name, no option can stand there, and AT_FLAGS says so. --inherit, --exec-name and
 * --store are written by exec_guest() for ourselves and are no part of the documented command line: a program that the
 * guest executes has the guest's environment, and the store is where the host's says.
 */
#include "options.h"

#include "fatal.h"
#include "host.h"
#include "string.h"

#ifndef XLATE_VERSION /* the build passes the package's version */
#define XLATE_VERSION "unversioned build"
#endif

/* Longest path that is kept; and the store's name that means none. */
#define PATH_SIZE 4096
#define STORE_OFF "off"

enum value { NO_VALUE, NEEDS_VALUE, MAY_HAVE_VALUE };

struct option_row {
	const char *name;
	enum value value;
	bool (*set)(struct options *o, const char *value); /* false: the value makes no sense */
	const char *wants;				   /* for the message then */
};

static const char *const TIER_NAMES[] = {"auto", "baseline", "optimised"};

static const char HELP[] =
	"usage: xlate-run [OPTIONS] PROG [ARGS]\n"
	"\n"
	"Runs the 32-bit ARM Linux program PROG on this machine. Options end at PROG: everything after it is the\n"
	"program's own, --help and -- included.\n"
	"\n"
	"  --stats[=json]     when the first process ends, say what was translated (text, or one JSON object)\n"
	"  --stats-file FILE  write that to FILE instead of standard error\n"
	"  --tier TIER        auto; baseline: no packages; optimised: as auto, but says when the program has none\n"
	"  --guest-base N     host address of guest address 0, a multiple of 4096; 0 is the identity mapping.\n"
	"                     Without it: identity where this machine allows it, else a place above 4 GiB\n"
	"  -E VAR=VALUE       set a variable in the program's environment (may be repeated)\n"
	"  -U VAR             remove one (may be repeated)\n"
	"  -0 ARGV0           what the program finds in argv[0]; without it PROG as written\n"
	"  -p FILE|DIR        use this package, or the packages in this folder, before those of the store\n"
	"  -L SYSROOT         look absolute paths up under this directory first (dynamic loader, scripts, files)\n"
	"  --strace           print every system call to standard error\n"
	"  --help, --version\n"
	"\n"
	"Packages made by `xlate convert` are found in $XLATE_CACHE (off: nowhere), else $XDG_CACHE_HOME/xlate, else\n"
	"~/.cache/xlate.\n"
	"\n"
	"examples:\n"
	"  xlate-run ./busybox sh -c 'uname -m; ls -l'\n"
	"  xlate-run -L /usr/arm-linux-gnueabihf ./hello\n"
	"  xlate-run --stats=json --stats-file stats.json ./prog\n"
	"\n"
	"exit status: the program's own; 127 PROG (or its dynamic loader) not found, 126 found but not startable,\n"
	"125 xlate-run itself failed, 2 wrong usage. A program killed by a signal kills xlate-run by that signal.\n";

_Noreturn static void usage(const char *what, const char *why)
{
	refuse(EXIT_USAGE, NULL, what, why, "xlate-run --help");
}

_Noreturn static void print_and_exit(const char *text)
{
	struct text b = {.start = (char *)text, .at = (char *)text + strlen(text)};

	text_write(&b, 1);
	host_syscall1(__NR_exit_group, 0);
	fatal("exit_group returned");
}

/* --- setters ---------------------------------------------------------------------------------------- */

static bool set_help(struct options *o, const char *value)
{
	(void)o, (void)value;
	print_and_exit(HELP);
}

static bool set_version(struct options *o, const char *value)
{
	(void)o, (void)value;
	print_and_exit("xlate-run " XLATE_VERSION "\n");
}

static bool set_stats(struct options *o, const char *value)
{
	if (value && strcmp(value, "json"))
		return false;
	o->stats = value ? STATS_JSON : STATS_TEXT;
	return true;
}

static bool set_stats_file(struct options *o, const char *value)
{
	o->stats_file = value;
	if (o->stats == STATS_OFF)
		o->stats = STATS_TEXT;
	return *value;
}

static bool set_tier(struct options *o, const char *value)
{
	for (u32 i = 0; i < ARRAY_LEN(TIER_NAMES); i++) {
		if (!strcmp(value, TIER_NAMES[i])) {
			o->tier = (enum tier)i;
			return true;
		}
	}
	return false;
}

static bool set_guest_base(struct options *o, const char *value)
{
	o->guest_base_forced = true;
	return str_to_u64(value, &o->guest_base) && o->guest_base % PAGE_SIZE == 0 && o->guest_base < 0x7ff000000000;
}

static bool set_sysroot(struct options *o, const char *value)
{
	o->sysroot = value;
	return *value;
}

/* `path` in a buffer that stays, made absolute: the guest may go elsewhere. NULL when it does not fit. */
static const char *keep_path(char *buf, size_t size, const char *path, const char *rest)
{
	struct text b = text_begin(buf, size);

	if (*path != '/') {
		long n = host_syscall2(__NR_getcwd, (u64)buf, size);

		if (n <= 1 || *buf != '/')
			return NULL;
		b.at = buf + n - 1;
		text_char(&b, '/');
	}
	if (text_len(&b) + strlen(path) + strlen(rest) >= size)
		return NULL;
	text_str(&b, path);
	text_str(&b, rest);
	return buf;
}

static bool set_package(struct options *o, const char *value)
{
	static char buf[PATH_SIZE];

	o->package = *value ? keep_path(buf, sizeof(buf), value, "") : NULL;
	return o->package;
}

static bool set_store(struct options *o, const char *value)
{
	o->store = strcmp(value, STORE_OFF) ? value : NULL;
	return true;
}

static bool set_strace(struct options *o, const char *value)
{
	(void)value;
	o->strace = true;
	return true;
}

static bool set_argv0(struct options *o, const char *value)
{
	o->argv0 = value;
	return true;
}

static bool set_exec_name(struct options *o, const char *value)
{
	o->exec_name = value;
	return true;
}

/* Is this entry the variable `name` (which may go on with =VALUE)? */
static bool is_variable(const char *entry, const char *name)
{
	while (*name && *name != '=' && *entry == *name)
		entry++, name++;
	return (!*name || *name == '=') && *entry == '=';
}

static bool set_env(struct options *o, const char *value)
{
	char **e = o->env;

	if (!strchr(value, '=') || *value == '=')
		return false;
	while (*e && !is_variable(*e, value))
		e++;
	if (!*e)
		e[1] = NULL; /* options_parse() left room for one entry an argument */
	*e = (char *)value;
	return true;
}

static bool unset_env(struct options *o, const char *value)
{
	char **to = o->env;

	if (!*value || strchr(value, '='))
		return false;
	for (char **e = o->env; *e; e++)
		if (!is_variable(*e, value))
			*to++ = *e;
	*to = NULL;
	return true;
}

/* "exe,stats,totals,program": descriptors left open for us by the parent's exec_guest(). */
static bool set_inherit(struct options *o, const char *value)
{
	int *const fields[] = {&o->exe_fd, &o->stats_fd, &o->totals_fd, &o->exec_fd};

	for (u32 i = 0; i < ARRAY_LEN(fields); i++) {
		int fd = 0;

		if (*value == '-') {
			fd = -1;
			value++;
		}
		for (; *value >= '0' && *value <= '9' && fd >= 0 && fd < 100000000; value++)
			fd = fd * 10 + (*value - '0');
		*fields[i] = fd;
		if (*value == ',')
			value++;
	}
	return !*value;
}

static const struct option_row ROWS[] = {
	{"--help", NO_VALUE, set_help, NULL},
	{"-h", NO_VALUE, set_help, NULL},
	{"--version", NO_VALUE, set_version, NULL},
	{"--stats", MAY_HAVE_VALUE, set_stats, "--stats or --stats=json"},
	{"--stats-file", NEEDS_VALUE, set_stats_file, "a file name"},
	{"--tier", NEEDS_VALUE, set_tier, "auto, baseline or optimised"},
	{"--guest-base", NEEDS_VALUE, set_guest_base, "an address that is a multiple of 4096"},
	{"-E", NEEDS_VALUE, set_env, "VAR=VALUE"},
	{"-U", NEEDS_VALUE, unset_env, "the name of a variable"},
	{"-0", NEEDS_VALUE, set_argv0, "a name"},
	{"-L", NEEDS_VALUE, set_sysroot, "a directory"},
	{"-p", NEEDS_VALUE, set_package, "a package or a folder of packages"},
	{"--strace", NO_VALUE, set_strace, NULL},
	{"--store", NEEDS_VALUE, set_store, "a directory"},
	{"--exec-name", NEEDS_VALUE, set_exec_name, "a name"},
	{"--inherit", NEEDS_VALUE, set_inherit, "four descriptors"},
};

/* The row an argument names; *value is what follows an = sign. */
static const struct option_row *find_row(const char *arg, const char **value)
{
	for (u32 i = 0; i < ARRAY_LEN(ROWS); i++) {
		size_t n = strlen(ROWS[i].name);

		if (strncmp(arg, ROWS[i].name, n))
			continue;
		if (!arg[n]) {
			*value = NULL;
			return &ROWS[i];
		}
		if (arg[n] == '=' && arg[1] == '-' && ROWS[i].value != NO_VALUE) {
			*value = arg + n + 1;
			return &ROWS[i];
		}
	}
	return NULL;
}

static u64 auxv_value(const u64 *auxv, u64 type, u64 otherwise)
{
	for (; auxv[0]; auxv += 2)
		if (auxv[0] == type)
			return auxv[1];
	return otherwise;
}

/* The environment, copied so that -E and -U may change it: at most one new entry an argument. */
static char **copy_env(char **envp, int argc)
{
	u64 count = 0;
	long ret;

	while (envp[count])
		count++;
	ret = host_mmap(0, (count + (u64)argc + 1) * sizeof(char *), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (host_is_error(ret))
		refuse(EXIT_OWN_FAILURE, NULL, "no memory for the environment", error_text(-ret), NULL);
	memcpy((void *)ret, envp, (count + 1) * sizeof(char *));
	return (char **)ret;
}

static int parse_one(struct options *o, int i, int argc, char **argv, char **envp)
{
	const char *value;
	const struct option_row *row = find_row(argv[i], &value);

	if (!row)
		usage(argv[i], "unknown option");
	if (row->value == NEEDS_VALUE && !value) {
		if (i + 1 >= argc)
			usage(argv[i], "needs a value");
		value = argv[++i];
	}
	if ((row->set == set_env || row->set == unset_env) && o->env == envp)
		o->env = copy_env(envp, argc);
	if (!row->set(o, value)) {
		char why[200];
		struct text b = text_begin(why, sizeof(why));

		text_str(&b, "wants ");
		text_str(&b, row->wants);
		text_str(&b, ", not ");
		text_str(&b, value && *value ? value : "nothing");
		usage(row->name, why);
	}
	return i;
}

enum { AT_EXECFD = 2, AT_FLAGS = 8, AT_SECURE = 23, AT_FLAGS_PRESERVE_ARGV0 = 1 };

static const char *variable(char **env, const char *name)
{
	for (; *env; env++)
		if (is_variable(*env, name))
			return *env + strlen(name) + 1;
	return "";
}

/*
 * Where packages are kept, by the environment that we were started in; xlate/package/store.py has the same order. Not
 * with the privileges of another user: then nothing is read or made where the caller's environment says.
 */
static const char *store_of(char **env, const u64 *auxv)
{
	static char buf[PATH_SIZE];
	const char *path = variable(env, "XLATE_CACHE");

	if (auxv_value(auxv, AT_SECURE, 0) || !strcmp(path, STORE_OFF))
		return NULL;
	if (*path)
		return keep_path(buf, sizeof(buf), path, "");
	path = variable(env, "XDG_CACHE_HOME");
	if (*path == '/')
		return keep_path(buf, sizeof(buf), path, "/xlate");
	path = variable(env, "HOME");
	return *path == '/' ? keep_path(buf, sizeof(buf), path, "/.cache/xlate") : NULL;
}

void options_parse(struct options *o, int argc, char **argv, char **envp, const u64 *auxv)
{
	int i = 1;

	*o = (struct options){.env = envp, .exe_fd = -1, .stats_fd = -1, .totals_fd = -1};
	o->exec_fd = (int)auxv_value(auxv, AT_EXECFD, (u64)-1);
	o->store = store_of(envp, auxv);
	if ((auxv_value(auxv, AT_FLAGS, 0) & AT_FLAGS_PRESERVE_ARGV0) && argc >= 2) {
		o->prog = argv[1];
		o->argv0 = argc >= 3 ? argv[2] : "";
		o->args = argv + (argc >= 3 ? 3 : 2);
		o->arg_count = (u32)(argc - (argc >= 3 ? 3 : 2));
		return;
	}
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		i = parse_one(o, i, argc, argv, envp);
	}
	if (i >= argc)
		usage("no program given", "usage: xlate-run [OPTIONS] PROG [ARGS]");
	o->prog = argv[i];
	o->args = argv + i + 1;
	o->arg_count = (u32)(argc - i - 1);
}

u32 options_forward(const struct options *o, const int fds[4], const char *exec_name, const char **words, char *buf,
		    size_t size)
{
	struct text b = text_begin(buf, size);
	u32 n = 0;

	if (o->stats != STATS_OFF)
		words[n++] = o->stats == STATS_JSON ? "--stats=json" : "--stats";
	if (o->tier != TIER_AUTO) {
		words[n++] = "--tier";
		words[n++] = TIER_NAMES[o->tier];
	}
	if (o->sysroot) {
		words[n++] = "-L";
		words[n++] = o->sysroot;
	}
	if (o->package) {
		words[n++] = "-p";
		words[n++] = o->package;
	}
	words[n++] = "--store";
	words[n++] = o->store ? o->store : STORE_OFF;
	if (o->strace)
		words[n++] = "--strace";
	words[n++] = "--exec-name";
	words[n++] = exec_name;
	words[n++] = b.at;
	text_str(&b, "--inherit=");
	for (int i = 0; i < 4; i++) {
		if (i)
			text_char(&b, ',');
		if (fds[i] < 0)
			text_char(&b, '-');
		else
			text_u64(&b, (u64)fds[i]);
	}
	if (o->guest_base_forced && b.at < b.end) {
		*b.at++ = 0;
		words[n++] = b.at;
		text_str(&b, "--guest-base=");
		text_hex(&b, o->guest_base);
	}
	return n;
}
