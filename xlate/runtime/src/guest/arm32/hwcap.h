/*
 * What the guest is told about its processor: AT_HWCAP, and the same list as /proc/cpuinfo shows it. One table, so that
 * the two agree. An ARMv7-A with VFPv4 (32 registers), NEON, divide and the large-address extension.
 *
 * Absent on purpose: everything in HWCAP2 (crypto, crc32), because the translator has no rows for it yet; swp
 * (deprecated), evtstrm (no event stream).
 */
#ifndef XLATE_ARM32_HWCAP_H
#define XLATE_ARM32_HWCAP_H

#include "types.h"

struct hwcap {
	u8 bit;
	const char *name;
};

static const struct hwcap HWCAPS[] = {
	{1, "half"}, {2, "thumb"}, {4, "fastmult"}, {6, "vfp"},	   {7, "edsp"},	  {12, "neon"},
	{13, "vfpv3"}, {15, "tls"}, {16, "vfpv4"},   {17, "idiva"}, {18, "idivt"}, {19, "vfpd32"}, {20, "lpae"},
};

static inline u32 hwcap_bits(void)
{
	u32 bits = 0;

	for (size_t i = 0; i < ARRAY_LEN(HWCAPS); i++)
		bits |= 1u << HWCAPS[i].bit;
	return bits;
}

#endif
