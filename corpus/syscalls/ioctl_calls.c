/*
 * ioctl: terminals, files, network interfaces, requests that no device knows.
 * qemu-arm 7.2 does not pass: it answers ENOSYS to unknown requests.
 */
#include "check.h"

#include <linux/fs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h> /* wants sys/socket.h */
#include <termios.h>

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct winsize size = {24, 80, 0, 0}, got;
	struct termios t, u;
	char name[64];
	int slave, n = 0;

	CHECK(master >= 0);
	CHECK(grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof(name)) == 0);
	slave = open(name, O_RDWR | O_NOCTTY);
	CHECK(slave >= 0 && isatty(slave));
	CHECK(ioctl(master, TIOCSWINSZ, &size) == 0 && ioctl(slave, TIOCGWINSZ, &got) == 0);
	CHECK(got.ws_row == 24 && got.ws_col == 80);
	CHECK(tcgetattr(slave, &t) == 0 && t.c_cc[VINTR] == 3 && t.c_lflag & ECHO);
	cfmakeraw(&t);
	cfsetspeed(&t, B9600);
	CHECK(tcsetattr(slave, TCSANOW, &t) == 0 && tcgetattr(slave, &u) == 0);
	CHECK(u.c_lflag == t.c_lflag && u.c_iflag == t.c_iflag && cfgetospeed(&u) == B9600);
	CHECK(write(master, "typed", 5) == 5);
	for (int i = 0; n < 5 && i < 200; i++) { /* the kernel hands it over in a work queue */
		CHECK(ioctl(slave, FIONREAD, &n) == 0);
		usleep(5000);
	}
	CHECK(n == 5);
	CHECK(tcflush(slave, TCIFLUSH) == 0 && ioctl(slave, FIONREAD, &n) == 0 && n == 0);
	CHECK(tcdrain(slave) == 0);
}

static void files(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600), ends[2], n = -1;
	struct winsize size;

	CHECK_FAILS(ioctl(fd, TIOCGWINSZ, &size), ENOTTY);
	CHECK_FAILS(ioctl(fd, 0x12345678, &size), ENOTTY);
	CHECK_FAILS(ioctl(-1, 0x12345678, &size), EBADF);
	CHECK(ioctl(fd, FIOCLEX) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(ioctl(fd, FIONCLEX) == 0 && fcntl(fd, F_GETFD) == 0);
	CHECK(pipe(ends) == 0 && write(ends[1], "1234", 4) == 4);
	CHECK(ioctl(ends[0], FIONREAD, &n) == 0 && n == 4);
	n = 1;
	CHECK(ioctl(ends[0], FIONBIO, &n) == 0 && fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	if (ioctl(fd, FS_IOC_GETFLAGS, &n) != 0)
		leave_out("FS_IOC_GETFLAGS");
}

static void interfaces(void)
{
	struct ifreq list[8], one = {.ifr_name = "lo"};
	struct ifconf conf = {.ifc_len = sizeof(list), .ifc_req = list};
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	int found = 0;

	CHECK(s >= 0);
	CHECK(ioctl(s, SIOCGIFFLAGS, &one) == 0 && one.ifr_flags & IFF_LOOPBACK);
	CHECK(ioctl(s, SIOCGIFINDEX, &one) == 0 && one.ifr_ifindex >= 1);
	CHECK(ioctl(s, SIOCGIFCONF, &conf) == 0 && conf.ifc_len % (int)sizeof(list[0]) == 0);
	for (int i = 0; i < conf.ifc_len / (int)sizeof(list[0]); i++)
		found |= !strcmp(list[i].ifr_name, "lo") && list[i].ifr_addr.sa_family == AF_INET;
	if (!found)
		leave_out("an address on lo");
	strcpy(one.ifr_name, "missing0");
	CHECK_FAILS(ioctl(s, SIOCGIFFLAGS, &one), ENODEV);
}

/* A request without an encoded size, of a device that virtual machines have. */
static void context_id(void)
{
	unsigned id = 0xfffffffe;
	int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		leave_out("/dev/vsock");
		return;
	}
	CHECK(ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &id) == 0 && id != 0xfffffffe);
	CHECK_FAILS(ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, (void *)16), EFAULT);
	CHECK(close(fd) == 0);
}

int main(void)
{
	enter_scratch_folder();
	terminal();
	files();
	interfaces();
	context_id();
	puts("ok ioctl_calls");
	return 0;
}
