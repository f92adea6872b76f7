/* What options.c (rows, parsing) and option_set.c (values) share. */
#ifndef XLATE_OPTION_SET_H
#define XLATE_OPTION_SET_H

#include "options.h"

/* Longest path that is kept; and the store's name that means none. */
#define OPTION_PATH_SIZE 4096
#define STORE_OFF "off"

extern const char *const TIER_NAMES[3];

/* Each makes `value` count (NULL: none was given); false: it makes no sense. */
bool set_help(struct options *o, const char *value);
bool set_version(struct options *o, const char *value);
bool set_stats(struct options *o, const char *value);
bool set_stats_file(struct options *o, const char *value);
bool set_tier(struct options *o, const char *value);
bool set_fp(struct options *o, const char *value);
bool set_keep(struct options *o, const char *value);
bool set_no_keep(struct options *o, const char *value);
bool set_guest_base(struct options *o, const char *value);
bool set_sysroot(struct options *o, const char *value);
bool set_package(struct options *o, const char *value);
bool set_store(struct options *o, const char *value);
bool set_store_cap(struct options *o, const char *value);
bool set_system_store(struct options *o, const char *value);
bool set_strace(struct options *o, const char *value);
bool set_strace_file(struct options *o, const char *value);
bool set_argv0(struct options *o, const char *value);
bool set_exec_name(struct options *o, const char *value);
bool set_env(struct options *o, const char *value);
bool unset_env(struct options *o, const char *value);
bool set_inherit(struct options *o, const char *value);
bool set_stack_size(struct options *o, const char *value);
bool set_cpu(struct options *o, const char *value);
bool set_uname(struct options *o, const char *value);
bool set_reserved(struct options *o, const char *value);
bool set_log(struct options *o, const char *value);
bool set_singlestep(struct options *o, const char *value);
bool set_chaos(struct options *o, const char *value);
bool set_record(struct options *o, const char *value);
bool set_deterministic(struct options *o, const char *value);
bool set_limit_data(struct options *o, const char *value);
bool set_limit_as(struct options *o, const char *value);
bool set_order_seed(struct options *o, const char *value);
bool set_virtual_start(struct options *o, const char *value);
bool set_seed(struct options *o, const char *value);
bool set_root(struct options *o, const char *value);
bool set_root_by(struct options *o, const char *value);
bool set_root_bound(struct options *o, const char *value);
bool set_package_held(struct options *o, const char *value);
bool set_host_exec(struct options *o, const char *value);

/* `path` in a buffer that stays, made absolute: the guest may go elsewhere. NULL when it does not fit. */
const char *option_keep_path(char *buf, size_t size, const char *path, const char *rest);
/* The value of a variable in `env`, or NULL. */
const char *option_variable(char **env, const char *name);
_Noreturn void option_usage(const char *what, const char *why);

#endif
