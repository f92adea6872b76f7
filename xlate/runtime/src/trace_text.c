/* Numbers, addresses and strings in strace's manner: what trace_show.c writes that needs no tables. */
#include "trace.h"

#include "string.h"

void text_octal(struct text *b, u32 v)
{
	text_char(b, '0');
	for (int shift = 30; shift >= 0; shift -= 3)
		if (v >> shift)
			text_char(b, (char)('0' + (v >> shift & 7)));
}

/* As strace writes it: no 0x before a zero. */
void text_bits(struct text *b, u64 v)
{
	if (v)
		text_hex(b, v);
	else
		text_char(b, '0');
}

void text_address(struct text *b, u32 va)
{
	if (va)
		text_hex(b, va);
	else
		text_str(b, "NULL");
}

static char escape_of(u8 c)
{
	static const char FROM[] = "\n\t\r\v\f\\\"", TO[] = "ntrvf\\\"";
	const char *at = c ? strchr(FROM, c) : NULL;

	return at ? TO[at - FROM] : 0;
}

/* C escapes for what does not print; an octal one has three digits where a digit follows. */
void text_quoted(struct text *b, const char *s, u64 len, bool more)
{
	text_char(b, '"');
	for (u64 i = 0; i < len; i++) {
		u8 c = (u8)s[i];
		bool digit = i + 1 < len && s[i + 1] >= '0' && s[i + 1] <= '9';

		if (escape_of(c)) {
			text_char(b, '\\');
			text_char(b, escape_of(c));
		} else if (c < 32 || c > 126) {
			text_char(b, '\\');
			if (digit || c >= 0100)
				text_char(b, (char)('0' + (c >> 6)));
			if (digit || c >= 010)
				text_char(b, (char)('0' + (c >> 3 & 7)));
			text_char(b, (char)('0' + (c & 7)));
		} else {
			text_char(b, (char)c);
		}
	}
	text_str(b, more ? "\"..." : "\"");
}

void text_inet6(struct text *b, const u8 *address)
{
	for (u32 i = 0; i < 16; i += 2) {
		u32 part = (u32)address[i] << 8 | address[i + 1];

		if (i)
			text_char(b, ':');
		text_hex_digits(b, part, part > 0xfff ? 4 : part > 0xff ? 3 : part > 0xf ? 2 : 1);
	}
}
