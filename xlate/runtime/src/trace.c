/*
 * Text of a traced system call. Format letters, one an argument: d u x o numbers, D a directory descriptor, s a string,
 * p a pointer, l a 64-bit pair, bN a buffer the guest gives with its length in argument N, rN one the kernel fills
 * (shown up to the result). A failure shows the errno's name, a refusal the reason of its row.
 */
#include "trace.h"

#include "host.h"
#include "memory.h"
#include "signal.h"
#include "string.h"
#include "thread.h"

#include "gen/errno_names.inc"

/* Bytes of a string or buffer that are worth showing. */
#define SHOWN 48
#define STDERR 2

/* Quoted, C escapes for what does not print. */
static void text_quoted(struct text *b, const char *s, u64 len, bool more)
{
	text_char(b, '"');
	for (u64 i = 0; i < len; i++) {
		u8 c = (u8)s[i];

		if (c == '"' || c == '\\') {
			text_char(b, '\\');
			text_char(b, (char)c);
		} else if (c == '\n') {
			text_str(b, "\\n");
		} else if (c < 32 || c > 126) {
			text_str(b, "\\x");
			text_hex_digits(b, c, 2);
		} else {
			text_char(b, (char)c);
		}
	}
	text_str(b, more ? "\"..." : "\"");
}

static void text_string_at(struct text *b, u32 va)
{
	char s[SHOWN];
	s64 len = va ? copy_in_string(s, GADDR(va), sizeof(s)) : -EFAULT;

	if (len == -ENAMETOOLONG)
		text_quoted(b, s, sizeof(s) - 1, true);
	else if (len < 0)
		text_hex(b, va);
	else
		text_quoted(b, s, (u64)len, false);
}

static void text_bytes_at(struct text *b, u32 va, u64 len)
{
	char s[SHOWN];
	u64 n = len < sizeof(s) ? len : sizeof(s);

	if (!va || copy_in(s, GADDR(va), n) != 0)
		text_hex(b, va);
	else
		text_quoted(b, s, n, n < len);
}

static void text_octal(struct text *b, u32 v)
{
	text_char(b, '0');
	for (int shift = 30; shift >= 0; shift -= 3)
		if (v >> shift)
			text_char(b, (char)('0' + (v >> shift & 7)));
}

/* Number of the register that argument `index` of the format starts in. */
static u32 register_of(const char *format, u32 index)
{
	u32 reg = 0;

	for (; *format; format++) {
		if (*format >= '0' && *format <= '9')
			continue;
		if (*format == 'l')
			reg += reg & 1;
		if (index-- == 0)
			break;
		reg += *format == 'l' ? 2 : 1;
	}
	return reg;
}

static void text_argument(struct text *b, const char *format, const char *f, u32 index, const u32 *r, long result)
{
	u32 reg = register_of(format, index);
	u32 v = r[reg];

	switch (*f) {
	case 'd':
		text_s64(b, (s32)v);
		break;
	case 'D':
		if ((s32)v == -100)
			text_str(b, "AT_FDCWD");
		else
			text_s64(b, (s32)v);
		break;
	case 'u':
		text_u64(b, v);
		break;
	case 'o':
		text_octal(b, v);
		break;
	case 's':
		text_string_at(b, v);
		break;
	case 'l':
		text_s64(b, (s64)((u64)v | (u64)r[reg + 1] << 32));
		break;
	case 'b':
		text_bytes_at(b, v, r[register_of(format, (u32)(f[1] - '0'))]);
		break;
	case 'r':
		if (result > 0)
			text_bytes_at(b, v, (u64)result);
		else
			text_hex(b, v);
		break;
	default: /* x, p */
		text_hex(b, v);
	}
}

static void text_call(struct text *b, const struct syscall_row *row, const u32 *r, long result)
{
	u32 index = 0;

	text_s64(b, group_self()->pid);
	text_char(b, ' ');
	text_str(b, row->name);
	text_char(b, '(');
	for (const char *f = row->format; *f; f++) {
		if (*f >= '0' && *f <= '9')
			continue;
		if (index)
			text_str(b, ", ");
		text_argument(b, row->format, f, index++, r, result);
	}
	text_char(b, ')');
}

static const char *error_name(long err)
{
	const char *name = (u64)err < ARRAY_LEN(errno_names) ? errno_names[err] : NULL;

	return name ? name : "unknown";
}

static void text_result(struct text *b, const struct syscall_row *row, long result)
{
	text_str(b, " = ");
	if (result == -RESTART_NOINTR) {
		text_str(b, "? (interrupted, to be restarted)");
	} else if (result == -RESULT_KEEP) {
		text_str(b, "? (registers restored)");
	} else if (host_is_error(result)) {
		text_s64(b, result);
		text_str(b, " (");
		text_str(b, error_name(-result));
		if (!row->call) {
			text_str(b, "; refused: ");
			text_str(b, row->reason);
		}
		text_char(b, ')');
	} else if ((u64)result > 0xffff) {
		text_hex(b, (u32)result);
	} else {
		text_s64(b, result);
	}
}

void trace_call(const struct syscall_row *row, const u32 *r)
{
	char buf[1024];
	struct text b = text_begin(buf, sizeof(buf));

	text_call(&b, row, r, 0);
	text_str(&b, " ...\n");
	text_write(&b, STDERR);
}

void trace_return(const struct syscall_row *row, const u32 *r, long result)
{
	char buf[1024];
	struct text b = text_begin(buf, sizeof(buf));

	text_call(&b, row, r, result);
	text_result(&b, row, result);
	text_char(&b, '\n');
	text_write(&b, STDERR);
}

void trace_unknown(u32 nr, const char *why)
{
	char buf[128];
	struct text b = text_begin(buf, sizeof(buf));

	text_s64(&b, group_self()->pid);
	text_str(&b, " system call ");
	text_hex(&b, nr);
	text_str(&b, ": ");
	text_str(&b, why);
	text_char(&b, '\n');
	text_write(&b, STDERR);
}
