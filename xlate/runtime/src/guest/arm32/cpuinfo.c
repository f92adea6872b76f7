/*
 * /proc/cpuinfo as a 32-bit kernel prints it; the features are the tables of AT_HWCAP and AT_HWCAP2 (hwcap.h). Implementer
 * and part name no real product, since none has exactly these features. One entry for each CPU this process may run on.
 */
#include "guest/arm32/hwcap.h"
#include "host.h"
#include "string.h"
#include "sys/proc_files.h"

/* Bytes of a CPU set: 8192 CPUs. */
#define CPU_SET_BYTES 1024

static u32 count_cpus(void)
{
	u64 set[CPU_SET_BYTES / 8];
	long len = host_syscall3(__NR_sched_getaffinity, 0, sizeof(set), (u64)set);
	u32 count = 0;

	for (long i = 0; i < len / 8; i++)
		for (u64 word = set[i]; word; word &= word - 1)
			count++;
	return count ? count : 1;
}

static void text_features(struct text *b, const struct hwcap *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_str(b, list[i].name);
		text_char(b, ' ');
	}
}

static void text_cpu(struct text *b, u32 number)
{
	text_str(b, "processor\t: ");
	text_u64(b, number);
	text_str(b, "\nmodel name\t: ARMv7 Processor rev 0 (v7l)\nBogoMIPS\t: 100.00\nFeatures\t: ");
	text_features(b, HWCAPS, ARRAY_LEN(HWCAPS));
	text_features(b, HWCAPS2, ARRAY_LEN(HWCAPS2));
	text_str(b, "\nCPU implementer\t: 0x00\nCPU architecture: 7\nCPU variant\t: 0x0\n"
		    "CPU part\t: 0x000\nCPU revision\t: 0\n\n");
}

long proc_write_cpuinfo(int fd)
{
	u32 cpus = count_cpus();
	char buf[1024];

	for (u32 i = 0; i < cpus; i++) {
		struct text b = text_begin(buf, sizeof(buf));

		text_cpu(&b, i);
		text_write(&b, fd);
	}
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "Hardware\t: xlate\nRevision\t: 0000\nSerial\t\t: 0000000000000000\n");
	text_write(&b, fd);
	return 0;
}
