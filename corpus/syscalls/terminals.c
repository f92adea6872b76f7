/*
 * Pseudo-terminals: line editing, signals from keys, raw reading with limits, packet mode, sizes and their signal,
 * speeds by termios2, exclusive use, who is at the other end.
 * qemu-arm 7.2 does not pass: it does not know termios2.
 */
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

/* The kernel's own structure with free speeds; libraries do not declare it. */
struct termios2 {
	uint32_t iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
	uint32_t ispeed, ospeed;
};
#define GETS2 0x802c542a
#define SETS2 0x402c542b

static volatile sig_atomic_t resized, interrupted;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized++;
	else
		interrupted++;
}

static int master, slave;

static long get(int fd, char *buf, size_t size)
{
	struct pollfd p = {fd, POLLIN, 0};

	CHECK(poll(&p, 1, 5000) == 1);
	return read(fd, buf, size);
}

static void cooked(void)
{
	char buf[64];

	CHECK(write(master, "abX\177c\n", 6) == 6); /* the erase key takes the X */
	CHECK(get(slave, buf, sizeof(buf)) == 4 && !memcmp(buf, "abc\n", 4));
	usleep(10000);
	CHECK(read(master, buf, sizeof(buf)) > 4 && !memcmp(buf, "abX", 3)); /* the echo */
	CHECK(write(master, "\004", 1) == 1 && get(slave, buf, sizeof(buf)) == 0);
	CHECK(write(slave, "out\n", 4) == 4);
	CHECK(get(master, buf, sizeof(buf)) == 5 && !memcmp(buf, "out\r\n", 5));
	signal(SIGINT, on_signal);
	CHECK(write(master, "\003", 1) == 1);
	for (int i = 0; i < 500 && !interrupted; i++)
		usleep(5000);
	CHECK(interrupted == 1);
}

static void raw(void)
{
	struct termios t, old;
	char buf[64];

	CHECK(tcgetattr(slave, &old) == 0);
	t = old;
	cfmakeraw(&t);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 1;
	CHECK(tcsetattr(slave, TCSAFLUSH, &t) == 0);
	CHECK(read(slave, buf, sizeof(buf)) == 0); /* after a tenth of a second */
	CHECK(write(master, "\003x", 2) == 2 && get(slave, buf, sizeof(buf)) >= 1 && buf[0] == 3);
	t.c_cc[VMIN] = 3;
	t.c_cc[VTIME] = 0;
	CHECK(tcsetattr(slave, TCSANOW, &t) == 0 && tcflush(slave, TCIOFLUSH) == 0);
	CHECK(write(master, "123", 3) == 3 && get(slave, buf, sizeof(buf)) == 3);
	CHECK(tcsetattr(slave, TCSADRAIN, &old) == 0);
}

static void sizes_and_speeds(void)
{
	struct winsize w = {50, 132, 7, 9}, got;
	struct termios2 t;
	int n = 5;

	signal(SIGWINCH, on_signal);
	CHECK(ioctl(master, TIOCSWINSZ, &w) == 0 && ioctl(slave, TIOCGWINSZ, &got) == 0);
	CHECK(got.ws_row == 50 && got.ws_col == 132 && got.ws_xpixel == 7 && got.ws_ypixel == 9 && resized == 1);
	CHECK(sizeof(t) == 44 && ioctl(slave, GETS2, &t) == 0 && t.ospeed > 0);
	t.cflag = (t.cflag & ~0x100fu) | 0x1000; /* BOTHER */
	t.ospeed = t.ispeed = 12345;
	CHECK(ioctl(slave, SETS2, &t) == 0);
	memset(&t, 0, sizeof(t));
	CHECK(ioctl(slave, GETS2, &t) == 0 && t.ospeed == 12345);
	CHECK(ioctl(slave, TIOCOUTQ, &n) == 0 && n == 0);
	CHECK(ioctl(slave, TIOCEXCL) == 0);
	if (geteuid() != 0)
		CHECK_FAILS(open(ttyname(slave), O_RDWR), EBUSY);
	CHECK(ioctl(slave, TIOCNXCL) == 0);
	CHECK_FAILS(ioctl(slave, TIOCMGET, &n), ENOTTY);
	CHECK_FAILS(ioctl(slave, 0x5499, &n), ENOTTY);
	CHECK_FAILS(ioctl(slave, TCGETS, (void *)8), EFAULT);
	CHECK_FAILS(ioctl(open("/dev/null", O_RDWR), TCGETS, &t), ENOTTY);
}

static void packets(void)
{
	char buf[64];
	int on = 1, peer;
	long n;

	CHECK(ioctl(master, TIOCPKT, &on) == 0);
	CHECK(write(slave, "p", 1) == 1);
	do { /* echoes, changes and flushes of before come first */
		n = get(master, buf, sizeof(buf));
		CHECK(n >= 1);
	} while (buf[0] != TIOCPKT_DATA || buf[n - 1] != 'p');
	CHECK(tcflush(slave, TCIFLUSH) == 0 && get(master, buf, sizeof(buf)) == 1 && buf[0] & TIOCPKT_FLUSHREAD);
	on = 0;
	CHECK(ioctl(master, TIOCPKT, &on) == 0);
	peer = ioctl(master, 0x5441 /* TIOCGPTPEER */, O_RDWR | O_NOCTTY);
	if (peer >= 0)
		CHECK(write(peer, "q", 1) == 1 && get(master, buf, sizeof(buf)) == 1 && buf[0] == 'q');
	else
		leave_out("TIOCGPTPEER");
}

static void session(void)
{
	char name[64], seen[64];
	unsigned number = ~0u;

	CHECK(setsid() == getpid());
	master = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof(name)) == 0);
	CHECK(ioctl(master, TIOCGPTN, &number) == 0);
	snprintf(seen, sizeof(seen), "/dev/pts/%u", number);
	CHECK(!strcmp(seen, name));
	slave = open(name, O_RDWR);
	CHECK(slave >= 0 && isatty(slave) && isatty(master) && ttyname_r(slave, seen, sizeof(seen)) == 0);
	CHECK(!strcmp(seen, name));
	cooked();
	raw();
	sizes_and_speeds();
	packets();
}

int main(void)
{
	CHECK(in_child(session) == 0);
	puts("ok terminals");
	return 0;
}
