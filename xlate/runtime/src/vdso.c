/*
 * The vDSO is an ELF file in memory; of it only its dynamic symbols are read. Where anything is not as expected, the
 * system call serves. Its code may use vector registers, which hold nothing of the guest's while C code runs.
 */
#include "vdso.h"

#include <linux/elf.h>

#include "host.h"
#include "string.h"

#define AT_SYSINFO_EHDR 33
#define NAME "__vdso_clock_gettime"

static long (*clock_function)(long clock, void *timespec);

static const Elf64_Phdr *header(const Elf64_Ehdr *e, u32 type)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)((const u8 *)e + e->e_phoff);

	for (u32 i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == type)
			return &p[i];
	return NULL;
}

/* Address of a dynamic table; the vDSO's own are relative to its start. */
static const void *table(u64 bias, const Elf64_Dyn *d, s64 tag)
{
	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return (const void *)(bias + d->d_un.d_ptr);
	return NULL;
}

static u64 find(u64 bias, const Elf64_Sym *symbols, const char *names, u32 count)
{
	for (u32 i = 1; i < count; i++)
		if (symbols[i].st_shndx && !strcmp(names + symbols[i].st_name, NAME))
			return bias + symbols[i].st_value;
	return 0;
}

void vdso_init(const u64 *host_auxv)
{
	const Elf64_Ehdr *e = NULL;
	const Elf64_Phdr *load, *dynamic;
	const Elf64_Sym *symbols;
	const char *names;
	u64 bias;

	for (; host_auxv[0]; host_auxv += 2)
		if (host_auxv[0] == AT_SYSINFO_EHDR)
			e = (const Elf64_Ehdr *)host_auxv[1];
	load = e ? header(e, PT_LOAD) : NULL;
	dynamic = e ? header(e, PT_DYNAMIC) : NULL;
	if (!load || !dynamic)
		return;
	bias = (u64)e + load->p_offset - load->p_vaddr;
	symbols = table(bias, (const Elf64_Dyn *)((u64)e + dynamic->p_offset), DT_SYMTAB);
	names = table(bias, (const Elf64_Dyn *)((u64)e + dynamic->p_offset), DT_STRTAB);
	/* The string table follows the symbols: newer ones have no DT_HASH, which would say how many there are. */
	if (symbols && names && (const u8 *)names > (const u8 *)symbols)
		clock_function = (long (*)(long, void *))find(
			bias, symbols, names, (u32)(((u64)names - (u64)symbols) / sizeof(*symbols)));
}

long vdso_clock_gettime(s32 clock, void *timespec)
{
	if (clock_function)
		return clock_function(clock, timespec);
	return host_syscall2(__NR_clock_gettime, (u64)(s64)clock, (u64)timespec);
}
