/* Requests on network interfaces, whose structures hold pointers or longs (ioctl_net.c). */
#ifndef XLATE_SYS_IOCTL_H
#define XLATE_SYS_IOCTL_H

#include "types.h"

enum {
	SIOCADDRT = 0x890b,
	SIOCDELRT = 0x890c,
	SIOCGIFCONF = 0x8912,
};

/* fd is the host's. */
long ioctl_ifreq(s64 fd, u32 request, gaddr arg);
long ioctl_ifconf(s64 fd, gaddr arg);
long ioctl_route(s64 fd, u32 request, gaddr arg);

#endif
