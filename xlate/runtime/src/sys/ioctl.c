/*
 * ioctl: which requests exist for the guest, and what their argument is. A request that is in no row is answered ENOTTY,
 * as a device without it would: a structure of unknown layout must not reach the host. Requests on network interfaces,
 * whose structures differ, are in ioctl_net.c.
 */
#include "sys/ioctl.h"

#include "sys/sys.h"

enum use {
	VALUE,		/* a number, or nothing */
	BUFFER,		/* size bytes, read or written by the kernel */
	IFREQ,		/* an interface request: see ioctl_net.c */
	FIEMAP,		/* a header that says how many extents follow */
	ULONG_OUT,	/* the kernel writes an unsigned long */
	TIME_OUT,	/* the kernel writes two longs */
};

struct ioctl_row {
	u32 first, last;	/* guest numbers */
	u8 use;
	u16 size;
	u32 host;		/* of `first` when it has another number here, else 0 */
};

/* Numbers with a size in them are other numbers where the size of long is. */
static const struct ioctl_row rows[] = {
	{0x5401, 0x5404, BUFFER, 36, 0},	/* TCGETS TCSETS TCSETSW TCSETSF */
	{0x5405, 0x5408, BUFFER, 18, 0},	/* TCGETA TCSETA TCSETAW TCSETAF */
	{0x5409, 0x540e, VALUE, 0, 0},		/* TCSBRK TCXONC TCFLSH TIOCEXCL TIOCNXCL TIOCSCTTY */
	{0x540f, 0x5411, BUFFER, 4, 0},		/* TIOCGPGRP TIOCSPGRP TIOCOUTQ */
	{0x5412, 0x5412, BUFFER, 1, 0},		/* TIOCSTI */
	{0x5413, 0x5414, BUFFER, 8, 0},		/* TIOCGWINSZ TIOCSWINSZ */
	{0x5415, 0x541b, BUFFER, 4, 0},		/* TIOCMGET TIOCMBIS TIOCMBIC TIOCMSET TIOC[GS]SOFTCAR FIONREAD */
	{0x541d, 0x541d, VALUE, 0, 0},		/* TIOCCONS */
	{0x5420, 0x5421, BUFFER, 4, 0},		/* TIOCPKT FIONBIO */
	{0x5422, 0x5422, VALUE, 0, 0},		/* TIOCNOTTY */
	{0x5423, 0x5424, BUFFER, 4, 0},		/* TIOCSETD TIOCGETD */
	{0x5425, 0x5428, VALUE, 0, 0},		/* TCSBRKP TIOCSBRK TIOCCBRK */
	{0x5429, 0x5429, BUFFER, 4, 0},		/* TIOCGSID */
	{0x802c542a, 0x802c542a, BUFFER, 44, 0},/* TCGETS2 */
	{0x402c542b, 0x402c542d, BUFFER, 44, 0},/* TCSETS2 TCSETSW2 TCSETSF2 */
	{0x80045430, 0x80045430, BUFFER, 4, 0},	/* TIOCGPTN */
	{0x40045431, 0x40045431, BUFFER, 4, 0},	/* TIOCSPTLCK */
	{0x80045432, 0x80045432, BUFFER, 4, 0},	/* TIOCGDEV */
	{0x40045436, 0x40045436, VALUE, 0, 0},	/* TIOCSIG */
	{0x5437, 0x5437, VALUE, 0, 0},		/* TIOCVHANGUP */
	{0x80045438, 0x80045440, BUFFER, 4, 0},	/* TIOCGPKT TIOCGPTLCK TIOCGEXCL */
	{0x5441, 0x5441, VALUE, 0, 0},		/* TIOCGPTPEER */
	{0x5450, 0x5451, VALUE, 0, 0},		/* FIONCLEX FIOCLEX */
	{0x5452, 0x5452, BUFFER, 4, 0},		/* FIOASYNC */
	{0x5459, 0x5459, BUFFER, 4, 0},		/* TIOCSERGETLSR */
	{0x545c, 0x545c, VALUE, 0, 0},		/* TIOCMIWAIT */
	{0x545e, 0x545e, BUFFER, 8, 0x5460},	/* FIOQSIZE */
	{0x07b9, 0x07b9, BUFFER, 4, 0},		/* IOCTL_VM_SOCKETS_GET_LOCAL_CID */
	{0x8901, 0x8905, BUFFER, 4, 0},		/* FIOSETOWN SIOCSPGRP FIOGETOWN SIOCGPGRP SIOCATMARK */
	{0x8906, 0x8907, TIME_OUT, 0, 0},	/* SIOCGSTAMP SIOCGSTAMPNS, with old times */
	{0x80108906, 0x80108907, BUFFER, 16, 0},/* the same with times of 64 bits */
	{0x8910, 0x8910, IFREQ, 0, 0},		/* SIOCGIFNAME */
	{0x8913, 0x8937, IFREQ, 0, 0},		/* SIOCGIFFLAGS ... SIOCSIFHWBROADCAST */
	{0x8942, 0x8943, IFREQ, 0, 0},		/* SIOCGIFTXQLEN SIOCSIFTXQLEN */
	{0x8947, 0x8949, IFREQ, 0, 0},		/* SIOCGMIIPHY SIOCGMIIREG SIOCSMIIREG */
	{0x8953, 0x8955, BUFFER, 68, 0},	/* SIOCDARP SIOCGARP SIOCSARP */
	{0x89a0, 0x89a1, BUFFER, 16, 0},	/* SIOCBRADDBR SIOCBRDELBR */
	{0x89a2, 0x89a3, IFREQ, 0, 0},		/* SIOCBRADDIF SIOCBRDELIF */
	{0x400454ca, 0x400454ca, IFREQ, 0, 0},	/* TUNSETIFF */
	{0x400454cb, 0x400454ce, VALUE, 0, 0},	/* TUNSETPERSIST TUNSETOWNER TUNSETLINK TUNSETGROUP */
	{0x800454cf, 0x800454cf, BUFFER, 4, 0},	/* TUNGETFEATURES */
	{0x800454d2, 0x800454d2, IFREQ, 0, 0},	/* TUNGETIFF */
	{0x0001, 0x0002, BUFFER, 4, 0},		/* FIBMAP FIGETBSZ */
	{0x125d, 0x125e, BUFFER, 4, 0},		/* BLKROSET BLKROGET */
	{0x125f, 0x125f, VALUE, 0, 0},		/* BLKRRPART */
	{0x1260, 0x1260, ULONG_OUT, 0, 0},	/* BLKGETSIZE */
	{0x1261, 0x1262, VALUE, 0, 0},		/* BLKFLSBUF BLKRASET */
	{0x1263, 0x1263, ULONG_OUT, 0, 0},	/* BLKRAGET */
	{0x1267, 0x1267, BUFFER, 2, 0},		/* BLKSECTGET */
	{0x1268, 0x1268, BUFFER, 4, 0},		/* BLKSSZGET */
	{0x80041270, 0x80041270, BUFFER, 4, 0x80081270},	/* BLKBSZGET */
	{0x40041271, 0x40041271, BUFFER, 4, 0x40081271},	/* BLKBSZSET */
	{0x80041272, 0x80041272, BUFFER, 8, 0x80081272},	/* BLKGETSIZE64 */
	{0x1277, 0x1277, BUFFER, 16, 0},	/* BLKDISCARD */
	{0x1278, 0x127c, BUFFER, 4, 0},		/* BLKIOMIN BLKIOOPT BLKALIGNOFF BLKPBSZGET BLKDISCARDZEROES */
	{0x127d, 0x127d, BUFFER, 16, 0},	/* BLKSECDISCARD */
	{0x127e, 0x127e, BUFFER, 2, 0},		/* BLKROTATIONAL */
	{0x127f, 0x127f, BUFFER, 16, 0},	/* BLKZEROOUT */
	{0x80046601, 0x80046601, BUFFER, 4, 0x80086601},	/* FS_IOC_GETFLAGS */
	{0x40046602, 0x40046602, BUFFER, 4, 0x40086602},	/* FS_IOC_SETFLAGS */
	{0x80047601, 0x80047601, BUFFER, 4, 0x80087601},	/* FS_IOC_GETVERSION */
	{0x40047602, 0x40047602, BUFFER, 4, 0x40087602},	/* FS_IOC_SETVERSION */
	{0x801c581f, 0x801c581f, BUFFER, 28, 0},/* FS_IOC_FSGETXATTR */
	{0x401c5820, 0x401c5820, BUFFER, 28, 0},/* FS_IOC_FSSETXATTR */
	{0xc0045877, 0xc0045878, BUFFER, 4, 0},	/* FIFREEZE FITHAW */
	{0xc0185879, 0xc0185879, BUFFER, 24, 0},/* FITRIM */
	{0x40049409, 0x40049409, VALUE, 0, 0},	/* FICLONE */
	{0x4020940d, 0x4020940d, BUFFER, 32, 0},/* FICLONERANGE */
	{0xc020660b, 0xc020660b, FIEMAP, 0, 0},	/* FS_IOC_FIEMAP */
	{0x4c00, 0x4c01, VALUE, 0, 0},		/* LOOP_SET_FD LOOP_CLR_FD */
	{0x4c04, 0x4c05, BUFFER, 232, 0},	/* LOOP_SET_STATUS64 LOOP_GET_STATUS64 */
	{0x4c06, 0x4c09, VALUE, 0, 0},		/* LOOP_CHANGE_FD LOOP_SET_CAPACITY LOOP_SET_DIRECT_IO LOOP_SET_BLOCK_SIZE */
	{0x4c0a, 0x4c0a, BUFFER, 304, 0},	/* LOOP_CONFIGURE */
	{0x4c80, 0x4c82, VALUE, 0, 0},		/* LOOP_CTL_ADD LOOP_CTL_REMOVE LOOP_CTL_GET_FREE */
	{0x7001, 0x7006, VALUE, 0, 0},		/* RTC_AIE_ON ... RTC_PIE_OFF */
	{0x40247007, 0x40247007, BUFFER, 36, 0},/* RTC_ALM_SET */
	{0x80247008, 0x80247009, BUFFER, 36, 0},/* RTC_ALM_READ RTC_RD_TIME */
	{0x4024700a, 0x4024700a, BUFFER, 36, 0},/* RTC_SET_TIME */
	{0x4028700f, 0x4028700f, BUFFER, 40, 0},/* RTC_WKALM_SET */
	{0x80287010, 0x80287010, BUFFER, 40, 0},/* RTC_WKALM_RD */
	{0x80045200, 0x80045200, BUFFER, 4, 0},	/* RNDGETENTCNT */
	{0x40045201, 0x40045201, BUFFER, 4, 0},	/* RNDADDTOENTCNT */
	{0x40085203, 0x40085203, BUFFER, 8, 0},	/* RNDADDENTROPY */
	{0x4b2f, 0x4b30, VALUE, 0, 0},		/* KIOCSOUND KDMKTONE */
	{0x4b31, 0x4b31, BUFFER, 1, 0},		/* KDGETLED */
	{0x4b32, 0x4b32, VALUE, 0, 0},		/* KDSETLED */
	{0x4b33, 0x4b33, BUFFER, 1, 0},		/* KDGKBTYPE */
	{0x4b3a, 0x4b3a, VALUE, 0, 0},		/* KDSETMODE */
	{0x4b3b, 0x4b3b, BUFFER, 4, 0},		/* KDGETMODE */
	{0x4b44, 0x4b44, BUFFER, 4, 0},		/* KDGKBMODE */
	{0x4b45, 0x4b45, VALUE, 0, 0},		/* KDSKBMODE */
	{0x4b46, 0x4b47, BUFFER, 4, 0},		/* KDGKBENT KDSKBENT */
	{0x4b64, 0x4b64, BUFFER, 1, 0},		/* KDGKBLED */
	{0x4b65, 0x4b65, VALUE, 0, 0},		/* KDSKBLED */
	{0x5309, 0x5309, VALUE, 0, 0},		/* CDROMEJECT */
	{0x5319, 0x5319, VALUE, 0, 0},		/* CDROMCLOSETRAY */
	{0x5326, 0x5326, VALUE, 0, 0},		/* CDROM_DRIVE_STATUS */
	{0x5600, 0x5600, BUFFER, 4, 0},		/* VT_OPENQRY */
	{0x5601, 0x5602, BUFFER, 8, 0},		/* VT_GETMODE VT_SETMODE */
	{0x5603, 0x5603, BUFFER, 6, 0},		/* VT_GETSTATE */
	{0x5605, 0x5608, VALUE, 0, 0},		/* VT_RELDISP VT_ACTIVATE VT_WAITACTIVE VT_DISALLOCATE */
	{0x5609, 0x5609, BUFFER, 6, 0},		/* VT_RESIZE */
	{0x80285700, 0x80285700, BUFFER, 40, 0},/* WDIOC_GETSUPPORT */
	{0x80045701, 0x80045707, BUFFER, 4, 0},	/* WDIOC_GETSTATUS ... WDIOC_KEEPALIVE WDIOC_GETTIMEOUT */
	{0xc0045706, 0xc0045706, BUFFER, 4, 0},	/* WDIOC_SETTIMEOUT */
	{0xb701, 0xb704, VALUE, 0, 0},		/* NS_GET_USERNS NS_GET_PARENT NS_GET_NSTYPE NS_GET_OWNER_UID */
};

#define INPUT_TYPE 0x45u /* 'E': the size in the number is the buffer's */

static const struct ioctl_row *find(u32 request)
{
	for (u32 i = 0; i < ARRAY_LEN(rows); i++)
		if (request >= rows[i].first && request <= rows[i].last)
			return &rows[i];
	return NULL;
}

static long fiemap(struct thread *t, s64 fd, u32 request, gaddr arg)
{
	/* The count of extents stands at 24; a header of 32 bytes and 56 for each. */
	u64 size = 32 + (u64)length_at(GADDR(arg.va + 24)) * 56;

	return guest_blocking_syscall(t, __NR_ioctl, (u64)fd, request, buf_inout(arg, size), 0, 0, 0);
}

static long ulong_out(s64 fd, u32 request, gaddr arg)
{
	u64 v = 0;
	u32 word;
	long err = host_syscall3(__NR_ioctl, (u64)fd, request, (u64)&v);

	if (err)
		return err;
	if (v > 0xffffffff)
		return -EFBIG; /* the kernel's answer for a disk too large for the number */
	word = (u32)v;
	return copy_out(arg, &word, sizeof(word));
}

static long time_out(s64 fd, u32 request, gaddr arg)
{
	s64 v[2];
	s32 words[2];
	long err = host_syscall3(__NR_ioctl, (u64)fd, request, (u64)v);

	if (err)
		return err;
	words[0] = (s32)v[0];
	words[1] = (s32)v[1];
	return copy_out(arg, words, sizeof(words));
}

/* Processes, groups and sessions, which have numbers of their own with --deterministic. */
static bool speaks_of_processes(u32 request)
{
	return turns_on() && ((request >= 0x8901 && request <= 0x8904) || request == 0x540f || request == 0x5410 ||
			      request == 0x5429);
}

static long process_inout(s64 fd, u32 request, gaddr arg)
{
	bool out = request == 0x540f || request == 0x5429 || request == 0x8903 || request == 0x8904;
	s32 id = 0;
	long err = out ? 0 : copy_in(&id, arg, sizeof(id));

	id = id_in(id);
	if (!err)
		err = host_syscall3(__NR_ioctl, (u64)fd, request, (u64)&id);
	id = id_out_owner(id);
	return err || !out ? err : copy_out(arg, &id, sizeof(id));
}

static long known(struct thread *t, const struct ioctl_row *row, s64 fd, u32 request, gaddr arg)
{
	u32 host = row->host ? row->host + (request - row->first) : request;

	switch (row->use) {
	case BUFFER:
		return guest_blocking_syscall(t, __NR_ioctl, (u64)fd, host, buf_inout(arg, row->size), 0, 0, 0);
	case IFREQ:
		return ioctl_ifreq(fd, host, arg);
	case FIEMAP:
		return fiemap(t, fd, host, arg);
	case ULONG_OUT:
		return ulong_out(fd, host, arg);
	case TIME_OUT:
		return time_out(fd, host, arg);
	default:
		return guest_blocking_syscall(t, __NR_ioctl, (u64)fd, host, arg.va, 0, 0, 0);
	}
}

long sys_ioctl(struct thread *t, s32 guest_fd, u32 request, gaddr arg)
{
	s64 fd = fd_to_host(t, guest_fd);
	const struct ioctl_row *row = find(request);

	if (speaks_of_processes(request))
		return process_inout(fd, request, arg);
	if (row)
		return known(t, row, fd, request, arg);
	if (request == SIOCGIFCONF)
		return ioctl_ifconf(fd, arg);
	if (request == SIOCADDRT || request == SIOCDELRT)
		return ioctl_route(fd, request, arg);
	if ((request >> 8 & 0xff) == INPUT_TYPE)
		return guest_blocking_syscall(t, __NR_ioctl, (u64)fd, request, buf_inout(arg, request >> 16 & 0x3fff), 0, 0, 0);
	/* A bad descriptor is the first thing a kernel would say. */
	return host_syscall2(__NR_fcntl, (u64)fd, 1 /* F_GETFD */) < 0 ? -EBADF : -ENOTTY;
}
