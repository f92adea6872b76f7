/*
 * /proc/self/maps and smaps' neighbours: what mmap, mprotect, munmap and mremap do shows there at once; order, names,
 * offsets, permissions; nothing outside the program's own memory.
 * qemu-arm 7.2 does not pass: it marks no heap.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/shm.h>

#define PAGE 4096ul

static char text[1 << 20];

struct line {
	unsigned long start, end;
	char perms[8], path[512];
	unsigned long long offset, inode;
};

/* The line that holds address p; 0: none. All lines are in order and do not overlap. */
static int find(const void *p, struct line *found)
{
	int fd = open("/proc/self/maps", O_RDONLY), is_found = 0;
	unsigned long last = 0;
	long n, len = 0;
	char *at, *next;

	while ((n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	for (at = text; *at; at = next) {
		struct line l = {.path = ""};
		unsigned major, minor;
		int got;

		next = strchr(at, '\n');
		CHECK(next);
		*next++ = 0;
		got = sscanf(at, "%lx-%lx %7s %llx %x:%x %llu %511[^\n]",
			     &l.start, &l.end, l.perms, &l.offset, &major, &minor, &l.inode, l.path);
		CHECK(got >= 7 && strlen(l.perms) == 4 && l.start < l.end && l.start >= last);
		last = l.end;
		if ((uintptr_t)p >= l.start && (uintptr_t)p < l.end) {
			*found = l;
			is_found = 1;
		}
	}
	return is_found;
}

static int perms_are(const void *p, const char *perms)
{
	struct line l;

	return find(p, &l) && !strcmp(l.perms, perms);
}

static int global = 1;
static const int constant = 2;

int main(void)
{
	char *area = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p, here;
	char name[4096];
	struct line l;
	struct stat64 st;
	int fd, id;

	enter_scratch_folder();
	CHECK(find(area, &l) && !strcmp(l.perms, "rw-p") && l.start <= (uintptr_t)area);
	CHECK(l.end >= (uintptr_t)area + 16 * PAGE);
	CHECK(l.inode == 0 && l.offset == 0);
	CHECK(mprotect(area + 4 * PAGE, PAGE, PROT_READ) == 0 && mprotect(area + 5 * PAGE, PAGE, PROT_NONE) == 0);
	CHECK(perms_are(area + 4 * PAGE, "r--p") && perms_are(area + 5 * PAGE, "---p"));
	CHECK(perms_are(area + 3 * PAGE, "rw-p"));
	CHECK(find(area + 4 * PAGE, &l) && l.end - l.start == PAGE);
	CHECK(munmap(area + 8 * PAGE, PAGE) == 0 && !find(area + 8 * PAGE, &l) && find(area + 9 * PAGE, &l));
	CHECK(mprotect(area, PAGE, PROT_READ | PROT_EXEC) == 0 && perms_are(area, "r-xp"));
	fd = open("a file", O_RDWR | O_CREAT, 0600);
	CHECK(ftruncate(fd, 8 * (long)PAGE) == 0 && fstat64(fd, &st) == 0 && getcwd(name, sizeof(name)));
	strcat(name, "/a file");
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE);
	CHECK(find(p + PAGE, &l) && !strcmp(l.perms, "r--s") && l.offset == 3 * PAGE && l.inode == st.st_ino);
	CHECK(!strcmp(l.path, name));
	CHECK(mmap(area + 9 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == area + 9 * PAGE);
	CHECK(find(area + 9 * PAGE, &l) && !strcmp(l.perms, "rw-p") && l.inode == st.st_ino && l.offset == 0);
	CHECK(unlink("a file") == 0 && find(p, &l) && strstr(l.path, " (deleted)"));
	p = mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK(p != MAP_FAILED && find(p + 3 * PAGE, &l) && l.offset == 3 * PAGE && l.end - l.start == 4 * PAGE);
	id = shmget(IPC_PRIVATE, 100, 0600);
	p = shmat(id, NULL, 0);
	CHECK(p != (char *)-1 && perms_are(p, "rw-s") && shmctl(id, IPC_RMID, NULL) == 0 && shmdt(p) == 0);
	CHECK(!find(p, &l));
	CHECK(find(&here, &l) && strcmp(l.path, "[stack]") == 0 && find(&global, &l) && l.perms[1] == 'w');
	CHECK(find(&constant, &l) && l.perms[0] == 'r' && strstr(l.path, "proc_maps"));
	CHECK(find((const void *)(uintptr_t)&perms_are, &l) && l.perms[2] == 'x' && strstr(l.path, "proc_maps"));
	p = sbrk(100000);
	CHECK(find(p + 90000, &l) && !strcmp(l.perms, "rw-p") && !strcmp(l.path, "[heap]"));
	CHECK(sbrk(-100000) != (void *)-1);
	puts("ok proc_maps");
	return 0;
}
