/*
 * The guard's program: AArch64 without a C library. Primes by a sieve on the heap, a checksum over 64-bit arithmetic of
 * every kind the guest has, a table of functions, recursion, and memory above 4 GiB; each line of output is a fact that
 * the host's own compiler would give as well.
 */
typedef unsigned long u64;
typedef long s64;
typedef unsigned int u32;
typedef int s32;
typedef unsigned char u8;

#ifdef __aarch64__
static long syscall3(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
#define NR_WRITE 64
#define NR_EXIT_GROUP 94
#define NR_BRK 214
#else
static long syscall3(long number, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
#define NR_WRITE 1
#define NR_EXIT_GROUP 231
#define NR_BRK 12
#endif

static char line[100];
static u32 used;

static void put_char(char c)
{
	line[used++] = c;
	if (c == '\n' || used == sizeof(line)) {
		syscall3(NR_WRITE, 1, (long)line, used);
		used = 0;
	}
}

static void put_text(const char *s)
{
	while (*s)
		put_char(*s++);
}

static void put_number(u64 value)
{
	if (value >= 10)
		put_number(value / 10);
	put_char((char)('0' + value % 10));
}

static void put_hex(u64 value)
{
	for (s32 shift = 60; shift >= 0; shift -= 4)
		put_char("0123456789abcdef"[value >> shift & 15]);
}

static void fact(const char *name, u64 value)
{
	put_text(name);
	put_char(' ');
	put_number(value);
	put_char(' ');
	put_hex(value);
	put_char('\n');
}

static u64 sieve(u8 *composite, u32 limit)
{
	u64 count = 0;

	for (u32 i = 0; i < limit; i++)
		composite[i] = 0;
	for (u32 i = 2; i < limit; i++) {
		if (composite[i])
			continue;
		count++;
		for (u64 k = (u64)i * i; k < limit; k += i)
			composite[k] = 1;
	}
	return count;
}

static u64 mixed(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ul;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebul;
	return x ^ x >> 31;
}

static u64 added(u64 a, u64 b)
{
	return a + b;
}

static u64 divided(u64 a, u64 b)
{
	return b ? a / b : a;
}

static u64 divided_signed(u64 a, u64 b)
{
	s32 low = (s32)b;

	return low && low != -1 ? (u64)((s64)a / low) : b;
}

static u64 narrow(u64 a, u64 b)
{
	s32 x = (s32)a >> (b & 15), y = (s32)b;

	return (u64)(s64)(x < y ? x - y : x ^ y);
}

static u64 (*const operations[])(u64, u64) = {added, divided, divided_signed, narrow};

static u64 checksum(u32 rounds)
{
	u64 sum = 0x123456789abcdef0ul;

	for (u32 i = 0; i < rounds; i++) {
		u64 a = mixed(i), b = mixed(sum + i);

		sum = (sum << 7 | sum >> 57) ^ operations[i % 4](a, b);
	}
	return sum;
}

static u32 ackermann(u32 m, u32 n)
{
	if (!m)
		return n + 1;
	return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static s64 halves(const short *values, u32 count)
{
	s64 sum = 0;

	for (u32 i = 0; i < count; i++)
		sum += values[i] < 0 ? -3 * values[i] : values[i];
	return sum;
}

__attribute__((used)) static void body(const u64 *stack)
{
	static short values[1000];
	u64 heap = (u64)syscall3(NR_BRK, 0, 0, 0), words = 0;
	const u32 limit = 300000;

	if ((u64)syscall3(NR_BRK, (long)(heap + limit), 0, 0) != heap + limit)
		syscall3(NR_EXIT_GROUP, 1, 0, 0);
	fact("primes", sieve((u8 *)heap, limit));
	fact("checksum", checksum(200000));
	fact("ackermann", ackermann(2, 300));
	for (u32 i = 0; i < 1000; i++)
		values[i] = (short)mixed(i);
	fact("halves", (u64)halves(values, 1000));
	fact("unknown call", (u64)-syscall3(5000, 0, 0, 0));
	fact("bad pointer", (u64)-syscall3(NR_WRITE, 1, 8, 8));
	fact("stack above 4 GiB", (u64)stack >> 32 != 0);
	for (u64 i = 1; i <= stack[0]; i++)
		for (const char *s = (const char *)stack[i]; i > 1 && *s; s++)
			words = words * 31 + (u8)*s;
	fact("arguments", words);
	syscall3(NR_EXIT_GROUP, 7, 0, 0);
}

#ifdef __aarch64__
__asm__(".globl _start\n_start: mov x0, sp\n\tbl body\n");
#else
__asm__(".globl _start\n_start: mov %rsp, %rdi\n\tand $-16, %rsp\n\tcall body\n");
#endif
