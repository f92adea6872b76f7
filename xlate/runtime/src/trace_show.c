/*
 * Values of traced calls as text. What the numbers are called and how structures look is generated from the frontend's
 * tables (gen/trace_arm32.inc); here is only how each kind is read and written down, in strace's manner. What cannot be
 * read is shown as its address.
 */
#include "trace.h"

#include "guest/arm32/structs.h"
#include "host.h"
#include "memory.h"
#include "thread.h"

#include "gen/errno_names.inc"

struct trace_name {
	u32 value;
	const char *name;
};

/* Values under `mask` are one of the first `low` rows, the others are bits. */
struct trace_names {
	u32 mask;
	u16 low, count;
	const struct trace_name *rows;
};

struct trace_field {
	const char *name;
	u16 at;
	u8 size;
	u8 how, table, fixed;
};

struct trace_shape {
	u16 size, count;
	const struct trace_field *fields;
};

struct trace_case {
	u32 value;
	struct trace_arg arg;
};

struct trace_choice {
	u16 count;
	const struct trace_case *cases;
};

#include "gen/trace_arm32.inc"

/* How much of strings, arrays and vectors is shown. */
#define SHOWN_BYTES 48
#define SHOWN_PATH 1024
#define SHOWN_ITEMS 16

/* --- numbers and names ------------------------------------------------------------------------------- */

static const char *name_of(const struct trace_names *t, u32 value)
{
	for (u32 i = 0; i < t->low; i++)
		if (t->rows[i].value == value)
			return t->rows[i].name;
	return NULL;
}

static void text_or(struct text *b, bool *first)
{
	if (!*first)
		text_char(b, '|');
	*first = false;
}

/* NAME, NAME|NAME|0x8, or a number when nothing is called that. */
static void text_names(struct text *b, const struct trace_names *t, u32 value)
{
	const char *low = name_of(t, value & t->mask);
	u32 rest = low ? value & ~t->mask : value;
	bool first = true;

	if (low && (rest == 0 || (value & t->mask) || !str_starts(low, "0"))) {
		text_or(b, &first);
		text_str(b, low);
	}
	for (u32 i = t->low; i < t->count; i++) {
		u32 bits = t->rows[i].value;

		if (bits && (rest & bits) == bits) {
			text_or(b, &first);
			text_str(b, t->rows[i].name);
			rest &= ~bits;
		}
	}
	if (!rest && !first)
		return;
	text_or(b, &first);
	if (t->mask == ~0u && rest < 0x10000)
		text_u64(b, rest);
	else
		text_bits(b, rest);
}

static void text_file_mode(struct text *b, u32 mode)
{
	text_names(b, &trace_names[NAMES_file_type], mode & 0170000);
	text_char(b, '|');
	text_octal(b, mode & 07777);
}

/* Without the SIG where a set is shown; real-time signals have numbers. */
static void text_signal(struct text *b, u32 sig, bool in_set)
{
	const char *name = name_of(&trace_names[NAMES_signal], sig);

	if (name) {
		text_str(b, in_set ? name + strlen("SIG") : name);
	} else {
		text_str(b, in_set ? "RT_" : "SIGRT_");
		text_s64(b, (s64)sig - 32);
	}
}

void show_signal(struct text *b, int sig)
{
	text_signal(b, (u32)sig, false);
}

static void text_sigset(struct text *b, u64 set)
{
	u32 count = 0;
	bool first = true, most;

	for (u64 rest = set; rest; rest &= rest - 1)
		count++;
	most = count > SIGNAL_MAX / 2;
	text_str(b, most ? "~[" : "[");
	for (int sig = 1; sig <= SIGNAL_MAX; sig++) {
		if (!(set & SIG_BIT(sig)) != most)
			continue;
		if (!first)
			text_char(b, ' ');
		first = false;
		text_signal(b, (u32)sig, true);
	}
	text_char(b, ']');
}

static void text_status(struct text *b, u32 status)
{
	u32 sig = status & 0x7f;

	if (sig == 0) {
		text_str(b, "[{WIFEXITED(s) && WEXITSTATUS(s) == ");
		text_u64(b, status >> 8 & 0xff);
	} else if ((status & 0xff) == 0x7f) {
		text_str(b, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		text_signal(b, status >> 8 & 0xff, false);
	} else if (status == 0xffff) {
		text_str(b, "[{WIFCONTINUED(s)");
	} else {
		text_str(b, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		text_signal(b, sig, false);
		if (status & 0x80)
			text_str(b, " && WCOREDUMP(s)");
	}
	text_str(b, "}]");
}

static void text_number(struct text *b, u8 how, u8 table, u64 value, u32 size)
{
	u64 sign = 1ull << (8 * size - 1);

	switch ((enum trace_how)how) {
	case SHOW_D:
		text_s64(b, (s64)((value ^ sign) - sign));
		break;
	case SHOW_U:
		text_u64(b, value);
		break;
	case SHOW_O:
	case SHOW_CREATE_MODE:
		text_octal(b, (u32)value);
		break;
	case SHOW_P:
		text_address(b, (u32)value);
		break;
	case SHOW_DIRFD:
		if ((s32)value == AT_FDCWD)
			text_str(b, "AT_FDCWD");
		else
			text_s64(b, (s32)value);
		break;
	case SHOW_PAGES:
		text_bits(b, value << 12);
		break;
	case SHOW_NAMES:
		if (table == NAMES_signal && value > SIGSYS && value <= SIGNAL_MAX)
			text_signal(b, (u32)value, false);
		else
			text_names(b, &trace_names[table], (u32)value);
		break;
	case SHOW_FILE_MODE:
		text_file_mode(b, (u32)value);
		break;
	default:
		text_bits(b, value);
	}
}

/* --- strings ----------------------------------------------------------------------------------------- */

static bool text_string_at(struct text *b, u32 va, u32 shown)
{
	char s[SHOWN_PATH + 1];
	s64 len = copy_in_string(s, GADDR(va), shown + 1);

	if (len == -ENAMETOOLONG)
		text_quoted(b, s, shown, true);
	else if (len >= 0)
		text_quoted(b, s, (u64)len, false);
	return len >= 0 || len == -ENAMETOOLONG;
}

static bool text_bytes_at(struct text *b, u32 va, u64 len)
{
	char s[SHOWN_BYTES];
	u64 n = len < sizeof(s) ? len : sizeof(s);

	if (copy_in(s, GADDR(va), n))
		return false;
	text_quoted(b, s, n, n < len);
	return true;
}

static bool text_words_at(struct text *b, u32 va, bool count_only)
{
	u32 word = 1, n = 0;

	if (copy_in(&word, GADDR(va), sizeof(word)))
		return false;
	if (count_only)
		text_hex(b, va);
	text_str(b, count_only ? " /* " : "[");
	for (; word && !copy_in(&word, GADDR(va + 4ull * n), sizeof(word)) && word; n++) {
		if (count_only || n > SHOWN_ITEMS)
			continue;
		if (n)
			text_str(b, ", ");
		if (n == SHOWN_ITEMS)
			text_str(b, "...");
		else if (!text_string_at(b, word, SHOWN_BYTES))
			text_hex(b, word);
	}
	if (count_only)
		text_u64(b, n);
	text_str(b, count_only ? " vars */" : "]");
	return true;
}

/* --- structures -------------------------------------------------------------------------------------- */

static bool show_at(struct text *b, const struct trace_arg *a, u32 va, u64 len);

static void show_field(struct text *b, const struct trace_field *f, u32 va)
{
	struct trace_arg inner = {.how = f->how, .table = f->table, .fixed = f->fixed, .len = TRACE_NO_LENGTH};
	u64 value = 0;

	text_str(b, f->name);
	text_char(b, '=');
	if (f->how >= SHOW_STR)
		show_at(b, &inner, va + f->at, f->size);
	else if (!copy_in(&value, GADDR(va + (u64)f->at), f->size))
		text_number(b, f->how, f->table, value, f->size);
}

static void show_one_shape(struct text *b, const struct trace_shape *s, u32 va)
{
	text_char(b, '{');
	for (u32 i = 0; i < s->count; i++) {
		if (i)
			text_str(b, ", ");
		show_field(b, &s->fields[i], va);
	}
	text_char(b, '}');
}

static bool show_shapes(struct text *b, const struct trace_arg *a, u32 va, u64 count)
{
	const struct trace_shape *s = &trace_shapes[a->table];
	bool array = a->len != TRACE_NO_LENGTH;
	u8 byte;

	if (copy_in(&byte, GADDR(va), 1) || copy_in(&byte, GADDR(va + s->size - 1ull), 1))
		return false;
	if (array)
		text_char(b, '[');
	for (u64 i = 0; i < (array ? count : 1); i++) {
		if (i)
			text_str(b, ", ");
		if (i == SHOWN_ITEMS) {
			text_str(b, "...");
			break;
		}
		show_one_shape(b, s, va + (u32)i * s->size);
	}
	if (array)
		text_char(b, ']');
	return true;
}

static bool show_iovec(struct text *b, u32 va, u64 count)
{
	struct guest_iovec v;

	text_char(b, '[');
	for (u64 i = 0; i < count && !copy_in(&v, GADDR(va + 8 * i), sizeof(v)); i++) {
		if (i)
			text_str(b, ", ");
		if (i == SHOWN_ITEMS) {
			text_str(b, "...");
			break;
		}
		text_str(b, "{iov_base=");
		if (!text_bytes_at(b, v.base, v.len))
			text_address(b, v.base);
		text_str(b, ", iov_len=");
		text_u64(b, v.len);
		text_char(b, '}');
	}
	text_char(b, ']');
	return true;
}

static bool show_sockaddr(struct text *b, u32 va, u64 len)
{
	u8 raw[128] = {0};
	u32 family;

	if (len < 2 || copy_in(raw, GADDR(va), len < sizeof(raw) ? len : sizeof(raw)))
		return false;
	family = raw[0] | (u32)raw[1] << 8;
	text_str(b, "{sa_family=");
	text_names(b, &trace_names[NAMES_family], family);
	if (family == 1 && len > 2) {
		text_str(b, ", sun_path=");
		if (!raw[2])
			text_char(b, '@');
		raw[len < sizeof(raw) ? len : sizeof(raw) - 1] = 0;
		text_quoted(b, (char *)raw + 2 + !raw[2], strlen((char *)raw + 2 + !raw[2]), false);
	} else if (family == 2 || family == 10) {
		text_str(b, ", port=");
		text_u64(b, (u64)raw[2] << 8 | raw[3]);
		text_str(b, ", addr=");
		if (family == 10)
			text_inet6(b, raw + 8);
		for (u32 i = 4; family == 2 && i < 8; i++) {
			text_u64(b, raw[i]);
			text_str(b, i < 7 ? "." : "");
		}
	} else if (family == 16) {
		text_str(b, ", nl_pid=");
		text_u64(b, raw[4] | (u64)raw[5] << 8 | (u64)raw[6] << 16 | (u64)raw[7] << 24);
	}
	text_char(b, '}');
	return true;
}

static bool show_msghdr(struct text *b, u32 va)
{
	struct guest_msghdr m;

	if (copy_in(&m, GADDR(va), sizeof(m)))
		return false;
	text_str(b, "{msg_name=");
	if (!m.name || !show_sockaddr(b, m.name, (u32)m.namelen))
		text_address(b, m.name);
	text_str(b, ", msg_iov=");
	show_iovec(b, m.iov, m.iovlen);
	text_str(b, ", msg_controllen=");
	text_u64(b, m.controllen);
	text_str(b, ", msg_flags=");
	text_names(b, &trace_names[NAMES_msg], m.flags);
	text_char(b, '}');
	return true;
}

static bool show_ints(struct text *b, u32 va, u64 count)
{
	s32 value;

	if (copy_in(&value, GADDR(va), sizeof(value)))
		return false;
	text_char(b, '[');
	for (u64 i = 0; i < count && i < SHOWN_ITEMS && !copy_in(&value, GADDR(va + 4 * i), sizeof(value)); i++) {
		if (i)
			text_str(b, ", ");
		text_s64(b, value);
	}
	text_char(b, ']');
	return true;
}

static bool show_fdset(struct text *b, u32 va, u64 count)
{
	bool first = true;
	u8 byte;

	text_char(b, '[');
	for (u64 fd = 0; fd < count && fd < 1024 && !copy_in(&byte, GADDR(va + fd / 8), 1); fd++) {
		if (!(byte >> fd % 8 & 1))
			continue;
		if (!first)
			text_char(b, ' ');
		first = false;
		text_u64(b, fd);
	}
	text_char(b, ']');
	return true;
}

/* Their sizes lead from one to the next; where in a record the size stands is `at`. */
static bool show_dirents(struct text *b, u32 va, u64 len, u32 at)
{
	u64 n = 0, from = 0;
	u16 size = 1;

	for (; from < len && size && !copy_in(&size, GADDR(va + from + at), sizeof(size)); from += size)
		n++;
	text_hex(b, va);
	text_str(b, " /* ");
	text_u64(b, n);
	text_str(b, " entries */");
	return true;
}

/* Masks of old calls have 32 bits, those of the rt_ ones 64. */
static bool show_sigset(struct text *b, u32 va, u64 size)
{
	u64 set = 0;

	if (copy_in(&set, GADDR(va), size < sizeof(set) ? size : sizeof(set)))
		return false;
	text_sigset(b, set);
	return true;
}

static bool show_status(struct text *b, u32 va)
{
	u32 status;

	if (copy_in(&status, GADDR(va), sizeof(status)))
		return false;
	text_status(b, status);
	return true;
}

/* What stands at an address; false, and nothing written, when it cannot be read. */
static bool show_at(struct text *b, const struct trace_arg *a, u32 va, u64 len)
{
	switch ((enum trace_how)a->how) {
	case SHOW_STR:
		return text_string_at(b, va, SHOWN_BYTES);
	case SHOW_PATH:
		return text_string_at(b, va, SHOWN_PATH);
	case SHOW_BYTES:
		return text_bytes_at(b, va, len);
	case SHOW_SHAPE:
		return show_shapes(b, a, va, len);
	case SHOW_SIGSET:
		return show_sigset(b, va, a->fixed);
	case SHOW_SOCKADDR:
		return show_sockaddr(b, va, len);
	case SHOW_IOVEC:
		return show_iovec(b, va, len);
	case SHOW_MSGHDR:
		return show_msghdr(b, va);
	case SHOW_WORDS:
		return text_words_at(b, va, false);
	case SHOW_ENVIRON:
		return text_words_at(b, va, true);
	case SHOW_STATUS:
		return show_status(b, va);
	case SHOW_INTS:
		return show_ints(b, va, a->len == TRACE_NO_LENGTH ? a->fixed : len);
	case SHOW_FDSET:
		return show_fdset(b, va, len);
	case SHOW_DIRENTS:
		return show_dirents(b, va, len, a->fixed);
	default:
		return false;
	}
}

/* --- arguments and results --------------------------------------------------------------------------- */

/* Nothing was filled in: the call failed, or wait found no child. */
static bool not_filled(const struct trace_arg *a, long result)
{
	return a->out && (host_is_error(result) || (a->how == SHOW_STATUS && result == 0));
}

static const struct trace_arg *choose(const struct trace_arg *a, u32 selector)
{
	const struct trace_choice *c = &trace_choices[a->table];

	for (u32 i = 0; i < c->count; i++)
		if (c->cases[i].value == selector)
			return &c->cases[i].arg;
	return NULL;
}

static u64 length_of(const struct trace_arg *a, const u32 *r, long result)
{
	u32 len;

	if (a->len == TRACE_NO_LENGTH && a->how != SHOW_DIRENTS)
		return a->fixed;
	if ((a->how == SHOW_BYTES || a->how == SHOW_DIRENTS) && a->out)
		return result > 0 ? (u64)result : 0;
	if (a->how == SHOW_SHAPE && a->fixed && result >= 0 && result < (long)r[a->len & 7])
		return (u64)result; /* epoll_wait fills as many */
	if (!(a->len & TRACE_LENGTH_AT))
		return r[a->len];
	return copy_in(&len, GADDR(r[a->len & 7]), sizeof(len)) ? 0 : len;
}

void show_argument(struct text *b, const struct trace_arg *a, const u32 *r, long result)
{
	struct trace_arg chosen;
	u32 value = r[a->reg];

	if (a->how == SHOW_CHOICE) {
		const struct trace_arg *found = choose(a, r[a->len]);

		chosen = found ? *found : (struct trace_arg){.how = SHOW_X, .len = TRACE_NO_LENGTH};
		chosen.reg = a->reg;
		a = &chosen;
	}
	if (a->how == SHOW_PAIR)
		text_s64(b, (s64)((u64)value | (u64)r[a->reg + 1] << 32));
	else if (a->how < SHOW_STR)
		text_number(b, a->how, a->table, value, 4);
	else if (!value || not_filled(a, result) || !show_at(b, a, value, length_of(a, r, result)))
		text_address(b, value);
}

static void text_error(struct text *b, const struct syscall_row *row, long err)
{
	bool known = (u64)err < ARRAY_LEN(errno_names) && errno_names[err].name;

	text_str(b, "-1 ");
	if (known)
		text_str(b, errno_names[err].name);
	else
		text_s64(b, err);
	text_str(b, " (");
	if (!row->call) {
		text_str(b, "refused: ");
		text_str(b, row->reason);
	} else {
		text_str(b, known ? errno_names[err].text : "unknown error");
	}
	text_char(b, ')');
}

void show_result(struct text *b, const struct syscall_row *row, long result)
{
	text_str(b, " = ");
	if (result == -RESTART_NOINTR)
		text_str(b, "? ERESTARTNOINTR (To be restarted)");
	else if (result == -RESULT_KEEP)
		text_str(b, "? (registers restored)");
	else if (host_is_error(result))
		text_error(b, row, -result);
	else if (row->result == SHOW_D)
		text_s64(b, result);
	else
		text_number(b, row->result, 0, (u32)result, 4);
}

void show_siginfo(struct text *b, int sig, const struct guest_siginfo *info)
{
	bool fault = sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP;

	text_str(b, "{si_signo=");
	show_signal(b, sig);
	text_str(b, ", si_code=");
	if (fault && info->code > 0 && info->code != 0x80)
		text_names(b, &trace_names[sig == SIGSEGV ? NAMES_segv : sig == SIGBUS ? NAMES_bus : NAMES_fault],
			   (u32)info->code);
	else
		text_names(b, &trace_names[sig == SIGCHLD && info->code > 0 ? NAMES_cld : NAMES_si], (u32)info->code);
	if (fault && info->code > 0) {
		text_str(b, ", si_addr=");
		text_address(b, info->data[0]);
	} else if (info->code <= 0 || sig == SIGCHLD) {
		text_str(b, ", si_pid=");
		text_u64(b, info->data[0]);
		text_str(b, ", si_uid=");
		text_u64(b, info->data[1]);
	}
	if (sig == SIGCHLD && info->code > 0) {
		text_str(b, ", si_status=");
		text_s64(b, (s32)info->data[2]);
	}
	text_char(b, '}');
}
