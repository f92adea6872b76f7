/*
 * What the guest is told about its processor: AT_HWCAP and AT_HWCAP2, and the same lists as /proc/cpuinfo shows them. One
 * table each, so that they agree. It is an ARMv8 processor (VFPv4 with 32 registers, NEON, divide, the large-address
 * extension, CRC32, AES, SHA, PMULL) under a 32-bit kernel, which calls that ARMv7 and v7l. These instructions stand here
 * whatever the host has: they always work.
 *
 * Absent on purpose: swp (deprecated), evtstrm (no event stream).
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

static const struct hwcap HWCAPS2[] = {
	{0, "aes"}, {1, "pmull"}, {2, "sha1"}, {3, "sha2"}, {4, "crc32"},
};

static inline u32 hwcap_bits(const struct hwcap *list, size_t count)
{
	u32 bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= 1u << list[i].bit;
	return bits;
}

#endif
