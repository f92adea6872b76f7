/*
 * Run options: a table of names, the variables that stand for them, what they take and what they set (option_set.c).
 * Says nothing about what the options then do.
 *
 * Names take one dash or two: xlate-run has qemu-arm's options beside its own, under every name it is started by. An
 * option of qemu's that has no meaning here is a row too, with the line that says what to use.
 *
 * Two spellings start a guest: `xlate-run [options] PROG ARGS`, and binfmt_misc with its P flag, where the kernel puts
 * `path argv0 args...` after our own name, no option can stand there, and AT_FLAGS says so. --record is xlate
 * verify's; --inherit, --exec-name, --held-package, --root-bound, --order-seed, --limit-data, --limit-as,
 * --virtual-start, --store and --system-store are written by exec_guest() for ourselves. They are no part of the documented command
 * line: a program that the guest executes has the guest's environment, and the store and all options are where the
 * host's says.
 */
#include "options.h"

#include "fatal.h"
#include "gen/package.h"
#include "host.h"
#include "option_set.h"
#include "rooted.h"
#include "string.h"
#include "thread.h"

#define QEMU_NAME "qemu-arm"
#define QEMU_PREFIX "/etc/qemu-binfmt/arm" /* where qemu-arm looks for libraries when nobody says */

enum value { NO_VALUE, NEEDS_VALUE, MAY_HAVE_VALUE };

struct option_row {
	const char *name;
	enum value value;
	bool (*set)(struct options *o, const char *value); /* false: the value makes no sense. NULL: refused */
	const char *wants;		/* for the message then; of a refused row: what to try */
	const char *variables[2];	/* that stand for the option; the second outweighs the first */
};

#define CODE_IS_SHOWN_BY "xlate inspect PROG --addr ADDR --llvm --host"

static const struct option_row ROWS[] = {
	{"help", NO_VALUE, set_help, NULL, {NULL}},
	{"h", NO_VALUE, set_help, NULL, {NULL}},
	{"version", NO_VALUE, set_version, NULL, {"QEMU_VERSION"}},
	{"stats", MAY_HAVE_VALUE, set_stats, "--stats or --stats=json", {"XLATE_STATS"}},
	{"stats-file", NEEDS_VALUE, set_stats_file, "a file name", {"XLATE_STATS_FILE"}},
	{"tier", NEEDS_VALUE, set_tier, "auto, baseline or optimised", {"XLATE_TIER"}},
	{"fp", NEEDS_VALUE, set_fp, "exact or fast", {"XLATE_FP"}},
	{"singlestep", NO_VALUE, set_singlestep, NULL, {"QEMU_SINGLESTEP"}},
	{"one-insn-per-tb", NO_VALUE, set_singlestep, NULL, {"QEMU_ONE_INSN_PER_TB"}},
	{"keep", NEEDS_VALUE, set_keep, "0 or 1", {"XLATE_KEEP"}},
	{"no-keep", NO_VALUE, set_no_keep, NULL, {NULL}},
	{"guest-base", NEEDS_VALUE, set_guest_base, "an address that is a multiple of 4096", {"XLATE_GUEST_BASE"}},
	{"B", NEEDS_VALUE, set_guest_base, "an address that is a multiple of 4096", {"QEMU_GUEST_BASE"}},
	{"E", NEEDS_VALUE, set_env, "VAR=VALUE", {"QEMU_SET_ENV"}},
	{"U", NEEDS_VALUE, unset_env, "the name of a variable", {"QEMU_UNSET_ENV"}},
	{"0", NEEDS_VALUE, set_argv0, "a name", {"QEMU_ARGV0"}},
	{"L", NEEDS_VALUE, set_sysroot, "a directory", {"QEMU_LD_PREFIX", "XLATE_SYSROOT"}},
	{"p", NEEDS_VALUE, set_package, "a package or a folder of packages", {"QEMU_PAGESIZE", "XLATE_PACKAGE"}},
	{"root", NEEDS_VALUE, set_root, "a directory", {"XLATE_ROOT"}},
	{"root-by", NEEDS_VALUE, set_root_by, "auto, namespace, chroot or paths", {"XLATE_ROOT_BY"}},
	{"root-bound", NEEDS_VALUE, set_root_bound, "a number", {NULL}},
	{"host-exec", NEEDS_VALUE, set_host_exec, "allow, or patterns of paths", {"XLATE_HOST_EXEC"}},
	{"strace", MAY_HAVE_VALUE, set_strace, "names of system calls", {"QEMU_STRACE", "XLATE_STRACE"}},
	{"e", NEEDS_VALUE, set_strace, "names of system calls", {NULL}},
	{"strace-only", NEEDS_VALUE, set_strace, "names of system calls", {NULL}},
	{"strace-file", NEEDS_VALUE, set_strace_file, "a file name", {"XLATE_STRACE_FILE"}},
	{"o", NEEDS_VALUE, set_strace_file, "a file name", {NULL}},
	{"D", NEEDS_VALUE, set_strace_file, "a file name", {"QEMU_LOG_FILENAME"}},
	{"d", NEEDS_VALUE, set_log, "log items; -d help lists them", {"QEMU_LOG"}},
	{"s", NEEDS_VALUE, set_stack_size, "a size below 4G", {"QEMU_STACK_SIZE"}},
	{"cpu", NEEDS_VALUE, set_cpu, "a processor of ARMv7-A or older; -cpu help lists them", {"QEMU_CPU"}},
	{"r", NEEDS_VALUE, set_uname, "a release of at most 64 characters", {"QEMU_UNAME"}},
	{"R", NEEDS_VALUE, set_reserved, "a size of at most 4G; the guest always has all of it", {"QEMU_RESERVED_VA"}},
	{"chaos", NEEDS_VALUE, set_chaos, "a number above 0", {"XLATE_CHAOS"}},
	{"deterministic", MAY_HAVE_VALUE, set_deterministic, "a number, or a range FIRST..LAST", {"XLATE_DETERMINISTIC"}},
	{"order-seed", NEEDS_VALUE, set_order_seed, "a number", {NULL}},
	{"limit-data", NEEDS_VALUE, set_limit_data, "two numbers of bytes", {NULL}},
	{"limit-as", NEEDS_VALUE, set_limit_as, "two numbers of bytes", {NULL}},
	{"virtual-start", NEEDS_VALUE, set_virtual_start, "nanoseconds", {NULL}},
	{"seed", NEEDS_VALUE, set_seed, "a number", {"QEMU_RAND_SEED"}},
	{"g", NEEDS_VALUE, NULL, "--strace; there is no debugger's port yet", {"QEMU_GDB"}},
	{"dfilter", NEEDS_VALUE, NULL, CODE_IS_SHOWN_BY, {"QEMU_DFILTER"}},
	{"trace", NEEDS_VALUE, NULL, "--strace, or --stats for what the translator did", {"QEMU_TRACE"}},
	{"plugin", NEEDS_VALUE, NULL, "--stats for counts, or " CODE_IS_SHOWN_BY, {"QEMU_PLUGIN"}},
	{"tb-size", NEEDS_VALUE, NULL, "nothing: the code cache grows as needed", {NULL}},
	{"perfmap", NO_VALUE, NULL, CODE_IS_SHOWN_BY, {NULL}},
	{"jitdump", NO_VALUE, NULL, CODE_IS_SHOWN_BY, {NULL}},
	{"store", NEEDS_VALUE, set_store, "a directory", {NULL}},
	{"store-cap", NEEDS_VALUE, set_store_cap, "a size", {"XLATE_CACHE_MAX"}},
	{"system-store", NEEDS_VALUE, set_system_store, "a directory", {NULL}},
	{"record", NEEDS_VALUE, set_record, "N/M:FIRST:COUNT:FILE", {NULL}},
	{"held-package", NEEDS_VALUE, set_package_held, "a name", {NULL}},
	{"exec-name", NEEDS_VALUE, set_exec_name, "a name", {NULL}},
	{"inherit", NEEDS_VALUE, set_inherit, "eleven descriptors", {NULL}},
};

/* The row an argument names; *value is what follows an = sign, which only long names may have. */
static const struct option_row *find_row(const char *arg, const char **value)
{
	arg += arg[1] == '-' ? 2 : 1;
	*value = NULL;
	for (u32 i = 0; i < ARRAY_LEN(ROWS); i++) {
		size_t n = strlen(ROWS[i].name);

		if (strncmp(arg, ROWS[i].name, n))
			continue;
		if (!arg[n])
			return &ROWS[i];
		if (arg[n] == '=' && n > 1 && ROWS[i].value != NO_VALUE) {
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

static u64 count_commas(const char *s)
{
	u64 n = 0;

	for (; s && *s; s++)
		n += *s == ',';
	return n;
}

/* The environment, copied so that -E and -U may change it: room for all that could be added. */
static char **copy_env(char **envp, int argc, char **argv)
{
	u64 count = 0, room = (u64)argc + 3 + count_commas(option_variable(envp, "QEMU_SET_ENV"));
	long ret;

	while (envp[count])
		count++;
	for (int i = 0; i < argc; i++)
		room += count_commas(argv[i]);
	ret = host_mmap(0, (count + room) * sizeof(char *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (host_is_error(ret))
		refuse(EXIT_OWN_FAILURE, NULL, "no memory for the environment", error_text(-ret), NULL);
	memcpy((void *)ret, envp, (count + 1) * sizeof(char *));
	return (char **)ret;
}

/* `name` is how the user wrote it: an argument or a variable. */
static void apply(struct options *o, const struct option_row *row, const char *name, const char *value)
{
	char why[300];
	struct text b = text_begin(why, sizeof(why));

	if (!row->set)
		refuse(EXIT_USAGE, NULL, name, "not an option of xlate's", row->wants);
	if (row->set(o, value))
		return;
	text_str(&b, "wants ");
	text_str(&b, row->wants);
	text_str(&b, ", not ");
	text_printable(&b, value && *value ? value : "nothing", 150);
	option_usage(name, why);
}

static int parse_one(struct options *o, int i, int argc, char **argv)
{
	const char *value;
	const char *name = argv[i];
	const struct option_row *row = find_row(name, &value);

	if (!row)
		option_usage(name, "unknown option");
	if (row->value == NEEDS_VALUE && !value) {
		if (i + 1 >= argc)
			option_usage(name, "needs a value");
		value = argv[++i];
	}
	apply(o, row, name, value);
	return i;
}

/* Variables count in the order of the table, before the command line. */
static void parse_variables(struct options *o, char **env)
{
	for (u32 i = 0; i < ARRAY_LEN(ROWS); i++) {
		for (u32 k = 0; k < ARRAY_LEN(ROWS[i].variables); k++) {
			const char *name = ROWS[i].variables[k];
			const char *value = name ? option_variable(env, name) : NULL;

			if (!value || (!*value && name[0] == 'X')) /* qemu's are meant when they are there at all */
				continue;
			/* What qemu's flags are set to means nothing; ours may say more. */
			if (name[0] == 'Q' && ROWS[i].value != NEEDS_VALUE)
				value = NULL;
			else if (ROWS[i].value == MAY_HAVE_VALUE && !strcmp(value, "1"))
				value = NULL;
			apply(o, &ROWS[i], name, value);
		}
	}
}

enum { AT_EXECFD = 2, AT_FLAGS = 8, AT_SECURE = 23, AT_FLAGS_PRESERVE_ARGV0 = 1 };

/*
 * Where packages are kept, by the environment that we were started in; xlate/package/store.py has the same order. Not
 * with the privileges of another user: then nothing is read or made where the caller's environment says.
 */
static const char *store_of(char **env, const u64 *auxv)
{
	static char buf[OPTION_PATH_SIZE];
	const char *path = option_variable(env, "XLATE_CACHE");

	if (auxv_value(auxv, AT_SECURE, 0) || (path && !strcmp(path, STORE_OFF)))
		return NULL;
	if (path && *path)
		return option_keep_path(buf, sizeof(buf), path, "");
	path = option_variable(env, "XDG_CACHE_HOME");
	if (path && *path == '/')
		return option_keep_path(buf, sizeof(buf), path, "/xlate");
	path = option_variable(env, "HOME");
	return path && *path == '/' ? option_keep_path(buf, sizeof(buf), path, "/.cache/xlate") : NULL;
}

/* The system's store: with the privileges of another user it is where we say, not where the caller does. */
static const char *system_store_of(char **env, const u64 *auxv)
{
	static char buf[OPTION_PATH_SIZE];
	const char *path = auxv_value(auxv, AT_SECURE, 0) ? NULL : option_variable(env, "XLATE_SYSTEM_CACHE");

	if (!path || !*path)
		return SYSTEM_STORE;
	return strcmp(path, STORE_OFF) ? option_keep_path(buf, sizeof(buf), path, "") : NULL;
}

/* qemu-arm, qemu-arm-static, and what distributions append to them. */
static bool named_as_qemu(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;

	return name && str_starts(slash ? slash + 1 : name, QEMU_NAME);
}

/* Re-executed by a guest: its environment is the guest's word, and options_forward() has said the options. */
static bool is_inherited(int argc, char **argv)
{
	return argc > 1 && str_starts(argv[1], "--inherit=");
}

/* Before the options: the environment of whoever started us, not with another user's privileges. */
static void begin(struct options *o, int argc, char **argv, char **envp, const u64 *auxv)
{
	*o = (struct options){.as_qemu = argc && named_as_qemu(argv[0]), .keep = true};
	for (u32 i = 0; i < INHERITED_COUNT; i++)
		o->inherited[i] = -1;
	o->inherited[INHERIT_PROGRAM] = (int)auxv_value(auxv, AT_EXECFD, (u64)-1);
	o->env = copy_env(envp, argc, argv);
	o->store = store_of(envp, auxv);
	o->system_store = system_store_of(envp, auxv);
	o->privileged = auxv_value(auxv, AT_SECURE, 0);
	if (o->privileged || is_inherited(argc, argv))
		return;
	if (o->as_qemu && !host_syscall4(__NR_faccessat, (u64)AT_FDCWD, (u64)QEMU_PREFIX, 0, 0))
		o->sysroot = QEMU_PREFIX;
	parse_variables(o, envp);
}

void options_parse(struct options *o, int argc, char **argv, char **envp, const u64 *auxv)
{
	int i = 1;

	begin(o, argc, argv, envp, auxv);
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
		i = parse_one(o, i, argc, argv);
	}
	if (i >= argc)
		option_usage("no program given", "usage: xlate-run [OPTIONS] PROG [ARGS]");
	o->prog = argv[i];
	o->args = argv + i + 1;
	o->arg_count = (u32)(argc - i - 1);
}

/* --- handing on ------------------------------------------------------------------------------------- */

/* Options with one text as their value, by where that is kept. */
static const struct {
	const char *name;
	size_t at;
} FORWARDED[] = {
	{"-L", offsetof(struct options, sysroot)},
	{"--store-cap", offsetof(struct options, store_cap)},
	{"-p", offsetof(struct options, package)},
	{"--held-package", offsetof(struct options, package_held)},
	{"--strace-only", offsetof(struct options, strace_only)},
	{"--strace-file", offsetof(struct options, strace_file)},
	{"--host-exec", offsetof(struct options, host_exec)},
	{"-r", offsetof(struct options, uname_release)},
	{"--fp", offsetof(struct options, fp)},
};

/* One more word, made in the buffer of *b: the text begun there, and a number. */
static void add_number(struct text *b, const char **words, u32 *n, const char *name, u64 value)
{
	if (b->at >= b->end)
		return;
	*b->at++ = 0;
	words[(*n)++] = b->at;
	text_str(b, name);
	text_hex(b, value);
}

static void add_limits(struct text *b, const char **words, u32 *n)
{
	static const char *const NAMES[KEPT_LIMITS] = {[KEPT_DATA] = "--limit-data=", [KEPT_AS] = "--limit-as="};
	const struct kept_limit *k = group_self()->limits;

	for (u32 i = 0; i < KEPT_LIMITS; i++) {
		if (!k[i].set)
			continue;
		add_number(b, words, n, NAMES[i], k[i].cur);
		text_str(b, "..");
		text_hex(b, k[i].max);
	}
}

static void add_inherited(struct text *b, const int fds[INHERITED_COUNT])
{
	text_str(b, "--inherit=");
	for (u32 i = 0; i < INHERITED_COUNT; i++) {
		if (i)
			text_char(b, ',');
		if (fds[i] < 0)
			text_char(b, '-');
		else
			text_u64(b, (u64)fds[i]);
	}
}

u32 options_forward(const struct options *o, const int fds[INHERITED_COUNT], const char *exec_name, const char **words,
		    char *buf, size_t size)
{
	struct text b = text_begin(buf, size);
	u32 n = 0;

	words[n++] = b.at; /* first, where is_inherited() looks */
	add_inherited(&b, fds);
	if (o->stats != STATS_OFF)
		words[n++] = o->stats == STATS_JSON ? "--stats=json" : "--stats";
	if (o->tier != TIER_AUTO) {
		words[n++] = "--tier";
		words[n++] = TIER_NAMES[o->tier];
	}
	if (o->strace)
		words[n++] = "--strace";
	if (o->strace_refused) {
		words[n++] = "-d";
		words[n++] = "unimp";
	}
	if (o->singlestep)
		words[n++] = "--singlestep";
	if (!o->keep)
		words[n++] = "--no-keep";
	for (u32 i = 0; i < ARRAY_LEN(FORWARDED); i++) {
		const char *value = *(const char *const *)((const char *)o + FORWARDED[i].at);

		if (value) {
			words[n++] = FORWARDED[i].name;
			words[n++] = value;
		}
	}
	words[n++] = "--store";
	words[n++] = o->store ? o->store : STORE_OFF;
	words[n++] = "--system-store";
	words[n++] = o->system_store ? o->system_store : STORE_OFF;
	words[n++] = "--exec-name";
	words[n++] = exec_name;
	if (o->guest_base_forced)
		add_number(&b, words, &n, "--guest-base=", o->guest_base);
	if (fds[INHERIT_ROOT] >= 0)
		add_number(&b, words, &n, "--root-bound=", rooted_bound());
	if (o->chaos)
		add_number(&b, words, &n, "--chaos=", o->chaos);
	if (o->deterministic) {
		add_number(&b, words, &n, "--deterministic=", o->seed_of_turns);
		add_number(&b, words, &n, "--order-seed=", turns_draw_seed());
		add_number(&b, words, &n, "--virtual-start=", virtual_now(thread_self()));
	}
	add_limits(&b, words, &n);
	if (o->seeded)
		add_number(&b, words, &n, "--seed=", o->seed);
	if (o->stack_size) {
		words[n++] = "-s";
		add_number(&b, words, &n, "", o->stack_size);
	}
	return n;
}
