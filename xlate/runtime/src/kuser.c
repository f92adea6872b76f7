/*
 * The page at 0xffff0000 that ARM Linux gives every process: user helpers at fixed addresses, and the code that
 * returns from a signal handler when the program brought none of its own. Real ARM code, translated like any other.
 *
 * The entries have 32 bytes each; the two exchanges are longer once written with barriers, so they branch down the
 * page.
 */
#include "guest/arm32/sigframe.h"
#include "memory_table.h"
#include "string.h"

#define HELPER_CMPXCHG64 0xf60
#define HELPER_BARRIER 0xfa0
#define HELPER_CMPXCHG 0xfc0
#define HELPER_GET_TLS 0xfe0
#define HELPER_VERSION 0xffc /* how many helpers there are */
#define BODY_CMPXCHG 0x600
#define BODY_CMPXCHG64 0x700

/* r0 = 0 and C set when *r2 was r0 and is now r1. */
static const u32 CMPXCHG[] = {
	0xf57ff05b, /*    dmb   ish             */
	0xe192cf9f, /* 1: ldrex r12, [r2]       */
	0xe05c3000, /*    subs  r3, r12, r0     */
	0x1a000002, /*    bne   2f              */
	0xe182cf91, /*    strex r12, r1, [r2]   */
	0xe35c0000, /*    cmp   r12, #0         */
	0x1afffff9, /*    bne   1b              */
	0xe2730000, /* 2: rsbs  r0, r3, #0      */
	0xf57ff05b, /*    dmb   ish             */
	0xe12fff1e, /*    bx    lr              */
};

/* The same for eight bytes: *r2 against *r0, new value *r1. */
static const u32 CMPXCHG64[] = {
	0xe92d00f0, /*    push   {r4-r7}          */
	0xe1c040d0, /*    ldrd   r4, r5, [r0]     */
	0xf57ff05b, /*    dmb    ish              */
	0xe1b26f9f, /* 1: ldrexd r6, r7, [r2]     */
	0xe0363004, /*    eors   r3, r6, r4       */
	0x00273005, /*    eoreq  r3, r7, r5       */
	0xe3530000, /*    cmp    r3, #0           */
	0x1a000003, /*    bne    2f               */
	0xe1c160d0, /*    ldrd   r6, r7, [r1]     */
	0xe1a23f96, /*    strexd r3, r6, r7, [r2] */
	0xe3530000, /*    cmp    r3, #0           */
	0x1afffff6, /*    bne    1b               */
	0xe2730000, /* 2: rsbs   r0, r3, #0       */
	0xf57ff05b, /*    dmb    ish              */
	0xe8bd00f0, /*    pop    {r4-r7}          */
	0xe12fff1e, /*    bx     lr               */
};

static const u32 BARRIER[] = {
	0xf57ff05b, /* dmb ish */
	0xe12fff1e, /* bx  lr  */
};

static const u32 GET_TLS[] = {
	0xee1d0f70, /* mrc p15, 0, r0, c13, c0, 3 */
	0xe12fff1e, /* bx  lr                     */
};

static const u32 VERSION[] = {5};

/* ARM forms, then Thumb forms of two halfwords; the order is what sigframe.h computes addresses from. */
static const u32 SIGRETURN[] = {
	0xe3a07077, 0xef000000, /* mov r7, #119 (sigreturn); svc #0    */
	0xe3a070ad, 0xef000000, /* mov r7, #173 (rt_sigreturn); svc #0 */
	0xdf002777,		/* movs r7, #119; svc #0               */
	0xdf0027ad,		/* movs r7, #173; svc #0               */
};

static u32 branch(u32 from, u32 to)
{
	return 0xea000000 | (((to - from - 8) / 4) & 0xffffff); /* b to */
}

void kuser_fill(void *page)
{
	u8 *p = page;
	u32 to_cmpxchg = branch(HELPER_CMPXCHG, BODY_CMPXCHG);
	u32 to_cmpxchg64 = branch(HELPER_CMPXCHG64, BODY_CMPXCHG64);

	memcpy(p + KUSER_SIGRETURN, SIGRETURN, sizeof(SIGRETURN));
	memcpy(p + BODY_CMPXCHG, CMPXCHG, sizeof(CMPXCHG));
	memcpy(p + BODY_CMPXCHG64, CMPXCHG64, sizeof(CMPXCHG64));
	memcpy(p + HELPER_CMPXCHG64, &to_cmpxchg64, sizeof(u32));
	memcpy(p + HELPER_BARRIER, BARRIER, sizeof(BARRIER));
	memcpy(p + HELPER_CMPXCHG, &to_cmpxchg, sizeof(u32));
	memcpy(p + HELPER_GET_TLS, GET_TLS, sizeof(GET_TLS));
	memcpy(p + HELPER_VERSION, VERSION, sizeof(VERSION));
}
