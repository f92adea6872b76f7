/*
 * Values of run options: what each accepts and what it sets. Which names lead here is options.c's table.
 *
 * Some of qemu-arm's options ask for what holds here anyway (the guest always has its whole address space; there is one
 * processor): values that are already true are accepted, others are refused with a line that says what is.
 */
#include "option_set.h"

#include "fatal.h"
#include "host.h"
#include "record.h"
#include "string.h"

#ifndef XLATE_VERSION /* the build passes the package's version */
#define XLATE_VERSION "unversioned build"
#endif

const char *const TIER_NAMES[3] = {"auto", "baseline", "optimised"};

/* Names of qemu's models whose programs this processor runs: those of ARMv7-A and older ones. */
static const char *const CPUS[] = {
	"any", "max", "cortex-a7", "cortex-a8", "cortex-a9", "cortex-a15", "arm926", "arm946", "arm1026", "arm1136",
	"arm1136-r2", "arm1176", "arm11mpcore", "pxa250", "pxa255", "pxa260", "pxa261", "pxa262", "pxa270", "sa1100",
	"sa1110", "ti925t",
};

/* A log item of qemu's that means something here. */
struct log_item {
	const char *name;
	const char *text;
	void (*set)(struct options *o);
};

_Noreturn void option_usage(const char *what, const char *why)
{
	refuse(EXIT_USAGE, NULL, what, why, "xlate-run --help");
}

_Noreturn static void print_and_exit(const char *text)
{
	struct text b = {.start = (char *)text, .at = (char *)text + strlen(text)};
	long err = text_write(&b, 1);

	if (err)
		refuse(EXIT_OWN_FAILURE, NULL, "the output cannot be written", error_text(-err), NULL);
	host_syscall1(__NR_exit_group, 0);
	fatal("exit_group returned");
}

const char *option_variable(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

const char *option_keep_path(char *buf, size_t size, const char *path, const char *rest)
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

/* A number with an optional k, M or G behind it, as sizes are given to qemu. */
static bool parse_size(const char *value, u64 *size)
{
	char digits[24];
	struct text b = text_begin(digits, sizeof(digits));
	size_t len = strlen(value);
	u32 shift = 0;

	if (!len || len >= sizeof(digits))
		return false;
	switch (value[len - 1]) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'M':
		shift = 20;
		break;
	case 'G':
		shift = 30;
	}
	text_printable(&b, value, shift ? len - 1 : len);
	if (!str_to_u64(digits, size) || *size >> (63 - shift))
		return false;
	*size <<= shift;
	return true;
}

/* --- xlate's own ------------------------------------------------------------------------------------ */

bool set_help(struct options *o, const char *value)
{
	(void)o, (void)value;
	print_and_exit(OPTIONS_HELP);
}

bool set_version(struct options *o, const char *value)
{
	(void)value;
	print_and_exit(o->as_qemu ? "qemu-arm version 7.2 (its options; this is xlate-run " XLATE_VERSION ")\n"
				  : "xlate-run " XLATE_VERSION "\n");
}

bool set_stats(struct options *o, const char *value)
{
	if (value && *value && strcmp(value, "json"))
		return false;
	o->stats = value && *value ? STATS_JSON : STATS_TEXT;
	return true;
}

bool set_stats_file(struct options *o, const char *value)
{
	o->stats_file = value;
	if (o->stats == STATS_OFF)
		o->stats = STATS_TEXT;
	return *value;
}

bool set_tier(struct options *o, const char *value)
{
	for (u32 i = 0; i < ARRAY_LEN(TIER_NAMES); i++) {
		if (!strcmp(value, TIER_NAMES[i])) {
			o->tier = (enum tier)i;
			return true;
		}
	}
	return false;
}

bool set_fp(struct options *o, const char *value)
{
	bool fast = !strcmp(value, "fast");

	o->fp = fast ? value : NULL;
	return fast || !strcmp(value, "exact");
}

bool set_keep(struct options *o, const char *value)
{
	o->keep = !strcmp(value, "1");
	return o->keep || !strcmp(value, "0");
}

bool set_no_keep(struct options *o, const char *value)
{
	(void)value;
	o->keep = false;
	return true;
}

bool set_guest_base(struct options *o, const char *value)
{
	o->guest_base_forced = true;
	return str_to_u64(value, &o->guest_base) && o->guest_base % PAGE_SIZE == 0 && o->guest_base < 0x7ff000000000;
}

bool set_sysroot(struct options *o, const char *value)
{
	static char buf[OPTION_PATH_SIZE];

	o->sysroot = *value ? option_keep_path(buf, sizeof(buf), value, "") : NULL;
	return o->sysroot;
}

/* A bare number is qemu's page size, which is what it is here; a folder of such a name is ./4096. */
bool set_package(struct options *o, const char *value)
{
	static char buf[OPTION_PATH_SIZE];
	u64 page_size;

	if (str_to_u64(value, &page_size)) {
		if (page_size != PAGE_SIZE)
			option_usage("-p: the page size is 4096, as on the host", value);
		return true;
	}
	o->package = *value ? option_keep_path(buf, sizeof(buf), value, "") : NULL;
	return o->package;
}

bool set_store(struct options *o, const char *value)
{
	o->store = strcmp(value, STORE_OFF) ? value : NULL;
	return true;
}

bool set_store_cap(struct options *o, const char *value)
{
	o->store_cap = value;
	return true;
}

bool set_system_store(struct options *o, const char *value)
{
	o->system_store = strcmp(value, STORE_OFF) ? value : NULL;
	return true;
}

bool set_strace(struct options *o, const char *value)
{
	o->strace = true;
	o->strace_only = value && *value ? value : NULL;
	return true;
}

/* %d stands for the process, as in qemu's -D. */
bool set_strace_file(struct options *o, const char *value)
{
	o->strace_file = value;
	return *value;
}

bool set_argv0(struct options *o, const char *value)
{
	o->argv0 = value;
	return true;
}

bool set_exec_name(struct options *o, const char *value)
{
	o->exec_name = value;
	return true;
}

bool set_root(struct options *o, const char *value)
{
	static char buf[OPTION_PATH_SIZE];

	o->root = *value ? option_keep_path(buf, sizeof(buf), value, "") : NULL;
	return o->root;
}

/* Under the names that users write. */
bool set_root_by(struct options *o, const char *value)
{
	static const char *const WAYS[ROOT_WAYS] = {"auto", "namespace", "paths", "chroot"};

	for (u32 i = 0; i < ROOT_WAYS; i++) {
		if (!strcmp(value, WAYS[i])) {
			o->root_by = (enum root_by)i;
			return true;
		}
	}
	return false;
}

bool set_root_bound(struct options *o, const char *value)
{
	return str_to_u64(value, &o->root_bound);
}

bool set_package_held(struct options *o, const char *value)
{
	o->package_held = value;
	return true;
}

bool set_host_exec(struct options *o, const char *value)
{
	o->host_exec = value;
	return *value;
}

/* --- the guest's environment ------------------------------------------------------------------------ */

/* Is this entry the variable of that name? */
static bool is_variable(const char *entry, const char *name, size_t len)
{
	return !strncmp(entry, name, len) && entry[len] == '=';
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* NAME=... begins here. */
static bool is_assignment(const char *s)
{
	const char *at = s;

	while (is_name_char(*at, at == s))
		at++;
	return at > s && *at == '=';
}

static void put_env(struct options *o, char *entry)
{
	size_t len = (size_t)(strchr(entry, '=') - entry);
	char **e = o->env;

	while (*e && !is_variable(*e, entry, len))
		e++;
	if (!*e)
		e[1] = NULL; /* options_parse() left room for an entry */
	*e = entry;
}

/* A copy of a value that may be cut in pieces: argv and the environment stay what they are. */
static char *copy_text(const char *value)
{
	size_t size = strlen(value) + 1;
	long ret = host_mmap(0, page_ceil(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (host_is_error(ret))
		refuse(EXIT_OWN_FAILURE, NULL, "no memory for the environment", error_text(-ret), NULL);
	return memcpy((void *)ret, value, size);
}

/* VAR=VALUE, or several of them with commas between: a comma that no VAR= follows is part of the value. */
bool set_env(struct options *o, const char *value)
{
	char *entry = copy_text(value);

	if (!strchr(value, '=') || *value == '=')
		return false;
	for (char *at = entry; *at; at++) {
		if (*at == ',' && is_assignment(at + 1)) {
			*at = 0;
			put_env(o, entry);
			entry = at + 1;
		}
	}
	put_env(o, entry);
	return true;
}

static void drop_env(struct options *o, const char *name, size_t len)
{
	char **to = o->env;

	for (char **e = o->env; *e; e++)
		if (!is_variable(*e, name, len))
			*to++ = *e;
	*to = NULL;
}

bool unset_env(struct options *o, const char *value)
{
	const char *end;

	if (!*value || strchr(value, '='))
		return false;
	for (;; value = end + 1) {
		for (end = value; *end && *end != ','; end++)
			continue;
		drop_env(o, value, (size_t)(end - value));
		if (!*end)
			return true;
	}
}

/* "exe,stats,totals,program,trace,lines,store,package,ids,root,system": descriptors left open for us by the parent's exec_guest(). */
bool set_inherit(struct options *o, const char *value)
{
	for (u32 i = 0; i < INHERITED_COUNT; i++) {
		int fd = 0;

		if (*value == '-') {
			fd = -1;
			value++;
		}
		for (; *value >= '0' && *value <= '9' && fd >= 0 && fd < 100000000; value++)
			fd = fd * 10 + (*value - '0');
		o->inherited[i] = fd;
		if (*value == ',')
			value++;
	}
	return !*value;
}

/* --- qemu's ----------------------------------------------------------------------------------------- */

bool set_stack_size(struct options *o, const char *value)
{
	return parse_size(value, &o->stack_size) && o->stack_size && o->stack_size < 1ull << 32;
}

static void print_cpus(void)
{
	char buf[600];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "one processor, ARMv8-A's 32-bit state with VFPv4 and Advanced SIMD, stands for each of these:\n");
	for (u32 i = 0; i < ARRAY_LEN(CPUS); i++) {
		text_str(&b, "  ");
		text_str(&b, CPUS[i]);
		text_char(&b, '\n');
	}
	print_and_exit(buf);
}

/* Properties after a comma switch parts of qemu's models off and on; this processor has what it has. */
bool set_cpu(struct options *o, const char *value)
{
	(void)o;
	if (!strcmp(value, "help") || !strcmp(value, "?"))
		print_cpus();
	for (u32 i = 0; i < ARRAY_LEN(CPUS); i++)
		if (!strcmp(value, CPUS[i]))
			return true;
	return false;
}

bool set_uname(struct options *o, const char *value)
{
	o->uname_release = value;
	return *value && strlen(value) < 65;
}

/* All of the guest's 4 GiB are always its own. */
bool set_reserved(struct options *o, const char *value)
{
	u64 size;

	(void)o;
	return parse_size(value, &size) && size <= 1ull << 32;
}

static void log_strace(struct options *o)
{
	o->strace = true;
}

static void log_refusals(struct options *o)
{
	o->strace_refused = true;
}

static void log_nothing(struct options *o)
{
	(void)o;
}

static const struct log_item LOG_ITEMS[] = {
	{"strace", "every system call (--strace)", log_strace},
	{"unimp", "system calls that are refused, with the reason", log_refusals},
	{"guest_errors", "accepted; there is nothing to report", log_nothing},
	{"nochain", "accepted; nothing depends on it here", log_nothing},
};

static const struct log_item *find_log_item(const char *name, size_t len)
{
	for (u32 i = 0; i < ARRAY_LEN(LOG_ITEMS); i++)
		if (strlen(LOG_ITEMS[i].name) == len && !strncmp(LOG_ITEMS[i].name, name, len))
			return &LOG_ITEMS[i];
	return NULL;
}

static void print_log_items(void)
{
	char buf[600];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "log items (comma separated):\n");
	for (u32 i = 0; i < ARRAY_LEN(LOG_ITEMS); i++) {
		text_str(&b, "  ");
		text_str(&b, LOG_ITEMS[i].name);
		text_str(&b, ": ");
		text_str(&b, LOG_ITEMS[i].text);
		text_char(&b, '\n');
	}
	text_str(&b, "guest code, IR and host code are shown by: xlate inspect PROG --addr ADDR --llvm --host\n");
	print_and_exit(buf);
}

bool set_log(struct options *o, const char *value)
{
	if (!strcmp(value, "help"))
		print_log_items();
	for (const char *end;; value = end + 1) {
		const struct log_item *item;

		for (end = value; *end && *end != ','; end++)
			continue;
		item = find_log_item(value, (size_t)(end - value));
		if (!item)
			refuse(EXIT_USAGE, NULL, "-d: no such log here", value,
			       "-d help, or xlate inspect PROG --addr ADDR --llvm --host for code");
		item->set(o);
		if (!*end)
			return true;
	}
}

/* One instruction a block, and no code that was translated in larger pieces. */
bool set_singlestep(struct options *o, const char *value)
{
	(void)value;
	o->singlestep = true;
	o->tier = TIER_BASELINE;
	return true;
}

bool set_chaos(struct options *o, const char *value)
{
	return str_to_u64(value, &o->chaos) && o->chaos;
}

bool set_record(struct options *o, const char *value)
{
	(void)o;
	return record_start(value);
}

bool set_seed(struct options *o, const char *value)
{
	o->seeded = true;
	return str_to_u64(value, &o->seed);
}

/* FIRST or FIRST..LAST */
static bool set_range(const char *value, u64 *first, u64 *last)
{
	char number[24];
	size_t n = 0;

	while (value[n] && strncmp(value + n, "..", 2) && n + 1 < sizeof(number)) {
		number[n] = value[n];
		n++;
	}
	number[n] = 0;
	*last = 0;
	if (!str_to_u64(number, first))
		return false;
	return !value[n] || (str_starts(value + n, "..") && str_to_u64(value + n + 2, last) && *last >= *first);
}

/* Translated code counts in the baseline tier only. */
bool set_deterministic(struct options *o, const char *value)
{
	o->deterministic = true;
	o->tier = TIER_BASELINE;
	o->seed_of_turns = 1;
	o->last_seed = 0;
	if (value && !set_range(value, &o->seed_of_turns, &o->last_seed))
		return false;
	o->order_seed = o->seed_of_turns;
	return true;
}

static bool set_limit(struct kept_limit *limit, const char *value)
{
	limit->set = true;
	return set_range(value, &limit->cur, &limit->max);
}

bool set_limit_data(struct options *o, const char *value)
{
	return set_limit(&o->limits[KEPT_DATA], value);
}

bool set_limit_as(struct options *o, const char *value)
{
	return set_limit(&o->limits[KEPT_AS], value);
}

bool set_order_seed(struct options *o, const char *value)
{
	return str_to_u64(value, &o->order_seed);
}

bool set_virtual_start(struct options *o, const char *value)
{
	return str_to_u64(value, &o->virtual_start);
}
