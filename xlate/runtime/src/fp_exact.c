/*
 * Scalar arithmetic where the host's own is not ARM's: with FPSCR.FZ, and where tininess before rounding is another than
 * behind it. Templates ask for it through a pointer in the state (backends/llvm/modal.py): two slots of operands, the
 * operation and FPSCR; the result goes into the first slot, exceptions into MXCSR and, for what it has no bit for, qc.
 *
 * A result is tiny before rounding if, rounded toward zero, it is below the least normal number. Only products and
 * conversions to single are so when they come out as the least normal number.
 */
#include "fp_exact.h"

#include "gen/fp_exact.h"
#include "mxcsr.h"
#include "thread.h"

#define FPSCR_IDC 0x80u

struct slot {
	u64 value, unused;
};

struct format {
	u64 sign, infinity, least, default_nan;
};

static const struct format formats[] = {
	{1ull << 31, 0x7f800000, 0x00800000, 0x7fc00000},
	{1ull << 63, 0x7ffull << 52, 1ull << 52, 0x7ff8ull << 48},
};

void fp_exact_run(struct slot *s);
u32 fp_host(u64 *pair, u64 kind, u32 mxcsr);

static u64 magnitude(const struct format *f, u64 bits)
{
	return bits & (f->sign - 1);
}

/* An operand of a mode that flushes. */
static u64 flushed(const struct format *f, u64 bits)
{
	u64 m = magnitude(f, bits);

	if (!m || m >= f->least)
		return bits;
	thread_self()->cpu.qc |= FPSCR_IDC;
	return bits & f->sign;
}

static bool is_tiny(const struct format *f, const u64 *operands, u32 kind, u64 result, u32 said)
{
	u64 m = magnitude(f, result), pair[2] = {operands[0], operands[1]};

	if (m > f->least)
		return false;
	if (m < f->least)
		return m || said & MXCSR_UE;
	if (!(said & MXCSR_PE))
		return false;
	fp_host(pair, kind, MXCSR_MASKS | MXCSR_RC_ZERO);
	return magnitude(f, pair[0]) < f->least;
}

void fp_exact_run(struct slot *s)
{
	u32 kind = (u32)s[2].value, fpscr = (u32)s[3].value, old = mxcsr_get(), said;
	const struct format *from = &formats[kind >= FP_WIDE], *to = from;
	u64 operands[2] = {0}, result[2] = {0};

	if ((kind & ~FP_WIDE) == FP_NARROW || (kind & ~FP_WIDE) == FP_WIDEN)
		to = &formats[from == formats];
	for (u32 i = 0; i < ((kind & ~FP_WIDE) <= FP_FDIV ? 2 : 1); i++) {
		operands[i] = s[i].value & (2 * from->sign - 1);
		if (fpscr & FPSCR_FZ)
			operands[i] = flushed(from, operands[i]);
		result[i] = operands[i];
	}
	said = fp_host(result, kind, MXCSR_MASKS | (old & MXCSR_RC));
	result[0] &= 2 * to->sign - 1;
	if (is_tiny(to, operands, kind, result[0], said)) {
		if (fpscr & FPSCR_FZ)
			result[0] &= to->sign, said = MXCSR_UE;
		else if (said & MXCSR_PE)
			said |= MXCSR_UE;
	}
	if (to != from && fpscr & FPSCR_DN && magnitude(to, result[0]) > to->infinity)
		result[0] = to->default_nan;
	mxcsr_set(old | (said & MXCSR_RAISED));
	s[0].value = result[0];
}
