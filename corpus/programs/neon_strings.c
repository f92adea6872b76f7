/*
 * The NEON a libc's string functions are made of: loads and stores with write-back and alignment, compares,
 * narrowing, pairwise maxima, moves between lanes and core registers. Integers only.
 */
#include <arm_neon.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned char data[256], copy[256];

static unsigned long_strlen(const unsigned char *p)
{
	const unsigned char *start = p;

	for (;; p += 16) {
		uint8x16_t zero = vceqq_u8(vld1q_u8(p), vdupq_n_u8(0));
		uint8x8_t any = vorr_u8(vget_low_u8(zero), vget_high_u8(zero));

		if (vget_lane_u64(vreinterpret_u64_u8(any), 0)) {
			while (*p)
				p++;
			return (unsigned)(p - start);
		}
	}
}

static void copy_64(unsigned char *to, const unsigned char *from, unsigned n)
{
	for (unsigned i = 0; i < n; i += 64) {
		uint8x16x2_t a = { { vld1q_u8(from + i), vld1q_u8(from + i + 16) } };
		uint8x16x2_t b = { { vld1q_u8(from + i + 32), vld1q_u8(from + i + 48) } };

		vst1q_u8(to + i, a.val[0]);
		vst1q_u8(to + i + 16, a.val[1]);
		vst1q_u8(to + i + 32, b.val[0]);
		vst1q_u8(to + i + 48, b.val[1]);
	}
}

static uint32_t fold(uint8x16_t v)
{
	unsigned char b[16];
	uint32_t sum = 0;

	vst1q_u8(b, v);
	for (int i = 0; i < 16; i++)
		sum = sum * 31 + b[i];
	return sum;
}

int main(void)
{
	uint8x16_t a, b;
	uint8x8_t m;

	for (unsigned i = 0; i < 256; i++)
		data[i] = (unsigned char)(i * 37 + 1) ? (unsigned char)(i * 37 + 1) : 1;
	data[203] = 0;
	printf("length %u\n", long_strlen(data));
	copy_64(copy, data, 256);
	printf("copied %d\n", memcmp(copy, data, 256) == 0);
	a = vld1q_u8(data + 3);
	b = vld1q_u8(data + 77);
	printf("%08x %08x %08x %08x\n", (unsigned)fold(vaddq_u8(a, b)), (unsigned)fold(vsubq_u8(a, b)),
	       (unsigned)fold(vandq_u8(a, b)), (unsigned)fold(veorq_u8(a, b)));
	printf("%08x %08x %08x %08x\n", (unsigned)fold(vceqq_u8(a, b)), (unsigned)fold(vcgtq_u8(a, b)),
	       (unsigned)fold(vmaxq_u8(a, b)), (unsigned)fold(vminq_u8(a, b)));
	printf("%08x %08x %08x %08x\n", (unsigned)fold(vbicq_u8(a, b)), (unsigned)fold(vornq_u8(a, b)),
	       (unsigned)fold(vmvnq_u8(a)), (unsigned)fold(vbslq_u8(vdupq_n_u8(0x3c), a, b)));
	printf("%08x %08x %08x\n", (unsigned)fold(vshrq_n_u8(a, 3)), (unsigned)fold(vshlq_n_u8(a, 2)),
	       (unsigned)fold(vextq_u8(a, b, 5)));
	m = vpmax_u8(vget_low_u8(a), vget_high_u8(a));
	printf("%u %u %u\n", vget_lane_u8(m, 0), vget_lane_u8(vpadd_u8(m, m), 3),
	       (unsigned)vget_lane_u32(vreinterpret_u32_u8(vrev64_u8(m)), 1));
	m = vmovn_u16(vreinterpretq_u16_u8(a));
	printf("%u %u\n", vget_lane_u8(m, 2), vgetq_lane_u16(vmovl_u8(m), 5));
	printf("%u\n", (unsigned)vget_lane_u32(vset_lane_u32(0xdeadbeef, vdup_n_u32(7), 1), 1));
	return 0;
}
