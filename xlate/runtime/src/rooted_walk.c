/*
 * How a path is resolved in a root that the kernel does not know of: name by name from folders that are held open, so
 * that nobody can put a link where one has just been looked for. `..` of the root and of the host's folders in it is
 * the root; absolute links begin at the root. Where nothing of that occurs openat2 goes all the way in one call.
 *
 * What a magic link of /proc leads to (descriptors, working folders) is the kernel's to say: it has no name that could
 * be translated. That such a link stands there is told by its text, which is no relative path.
 *
 * Descriptors are held only while a call is made. A thread that opens something meanwhile sees the numbers go up by one,
 * and one that puts a descriptor of its own onto a number it does not know to be free can hit one of these.
 */
#include "rooted.h"

#include <asm/stat.h>

#include "held.h"
#include "string.h"
#include "thread.h"

enum { O_PATH = 010000000, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000, O_NOFOLLOW = 0400000 };
enum { FILE_TYPE = 0170000, FILE_LINK = 0120000 };

#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#define PATH_SIZE 4096
#define NAME_SIZE 255
/* How often a link may come to where none was found a moment ago. */
#define RACES_MAX 8
/* As many as the kernel follows. */
#define LINKS_MAX 40

#define RESOLVE_NO_SYMLINKS 0x04u
#define RESOLVE_BENEATH 0x08u

struct open_how {
	u64 flags, mode, resolve;
};

/* Where a walk has come to. */
struct walk {
	s64 at;		/* the folder: AT_FDCWD, a descriptor of the guest's, the root's, or one of our own */
	bool own;	/* the last of these */
	bool jump;	/* links may have ended: try the rest at once */
	u32 links;	/* followed so far */
	char *rest;	/* in text, what is not walked yet */
	char text[PATH_SIZE * 2];
};

/* The name that rest begins with. */
struct name {
	char *text;	/* ended by NUL, once name_in() has put it there */
	char *after;	/* the next name, or the end */
	bool slash;	/* was behind it */
	bool last;
};

/* What a walk came to: `at` itself, or a name in it, perhaps a magic link; or that a link is there by now. */
enum step { MORE, OBJECT, ENTRY, MAGIC, RACED };

static bool openat2_refused; /* by an old kernel or a filter: not asked again */

static int root_fd(void)
{
	return group_self()->own_fds[OWN_FD_ROOT];
}

/* --- places ----------------------------------------------------------------------------------------- */

static bool stat_of(s64 fd, const char *path, struct stat *st)
{
	return !host_syscall4(__NR_newfstatat, (u64)fd, (u64)path, (u64)st, *path ? 0 : AT_EMPTY_PATH);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool is_root(s64 fd)
{
	struct stat a, b;

	return fd == root_fd() || (stat_of(fd, "", &a) && stat_of(root_fd(), "", &b) && same(&a, &b));
}

/* Nothing is above it: the root, or a folder of the host's in it. */
static bool is_top(s64 fd)
{
	struct stat here, root;

	if (fd == root_fd())
		return true;
	if (!stat_of(fd, "", &here))
		return false;
	if (rooted_is_bound(here.st_dev, here.st_ino))
		return true;
	return stat_of(root_fd(), "", &root) && same(&here, &root);
}

/* The host's folder of that name, of n bytes; NULL: none is called so. */
static const char *bound_name(const char *name, size_t n)
{
	for (u32 i = 0; i < BOUND_COUNT; i++)
		if (rooted_bound() & 1u << i && strlen(BOUND[i] + 1) == n && !strncmp(BOUND[i] + 1, name, n))
			return BOUND[i];
	return NULL;
}

static void go(struct walk *w, s64 fd, bool own)
{
	if (own)
		held_add(fd);
	if (w->own)
		held_close(w->at);
	w->at = fd;
	w->own = own;
}

/* Into what path, relative to the folder, is. 0 or -errno. */
static long go_to(struct walk *w, const char *path, u32 flags)
{
	long fd = host_syscall4(__NR_openat, (u64)(*path == '/' ? AT_FDCWD : w->at), (u64)path, flags, 0);

	if (fd < 0)
		return fd;
	go(w, fd, true);
	return 0;
}

static long go_up(struct walk *w)
{
	if (!is_top(w->at))
		return go_to(w, "..", FOLDER_FLAGS);
	go(w, root_fd(), false);
	return 0;
}

/* --- the kernel alone ------------------------------------------------------------------------------- */

static size_t first_len(const char *path)
{
	size_t n = 0;

	while (path[n] && path[n] != '/')
		n++;
	return n;
}

/* No "..", and no "./" before a name that would have to be looked at. */
static bool goes_down(const char *path)
{
	if (!*path || (path[0] == '.' && path[1] == '/'))
		return false;
	while (*path) {
		size_t n = first_len(path);

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return false;
		for (path += n; *path == '/';)
			path++;
	}
	return true;
}

/*
 * Whether the kernel can go along rest, from the folder at, alone. A folder of the host's in the root is known by its
 * name there, when the slash before it is there, too.
 */
static bool is_plain(s64 at, const char *rest, bool slash, struct plain_path *p)
{
	bool bound = bound_name(rest, first_len(rest));

	if (openat2_refused || (bound && !(slash && at == root_fd())) || !goes_down(rest))
		return false;
	p->at = bound ? AT_FDCWD : at;
	p->path = bound ? rest - 1 : rest;
	p->resolve = RESOLVE_NO_SYMLINKS | (bound ? 0 : RESOLVE_BENEATH);
	return true;
}

bool rooted_asks_again(long err)
{
	switch (err) {
	case -ELOOP: /* a link */
	case -EXDEV:
	case -EAGAIN: /* something was renamed meanwhile */
	case -ENOSYS:
	case -EPERM: /* a filter's answer, too */
	case -EINVAL:
	case -E2BIG:
		return true;
	}
	return false;
}

bool rooted_plain(s64 dirfd, const char *name, struct plain_path *p)
{
	bool absolute = *name == '/';

	while (*name == '/')
		name++;
	return is_plain(absolute ? root_fd() : dirfd, name, absolute, p);
}

/* All of that at once. 0, -errno when that is the answer, 1 when names have to be looked at. */
static long jump_to(struct walk *w, const struct plain_path *p, u32 flags)
{
	struct open_how how = {flags, 0, p->resolve};
	long fd = host_syscall4(__NR_openat2, (u64)p->at, (u64)p->path, (u64)&how, sizeof(how));

	if (fd >= 0) {
		go(w, fd, true);
		return 0;
	}
	openat2_refused |= fd == -ENOSYS || fd == -EPERM; /* nothing else is forbidden about O_PATH */
	return rooted_asks_again(fd) ? 1 : fd;
}

/* The last name begins here; NULL: it is the only one, or not a name. */
static char *last_name(char *path)
{
	char *end = path + strlen(path), *s;

	while (end > path && end[-1] == '/')
		end--;
	for (s = end; s > path && s[-1] != '/';)
		s--;
	return s == path || (end - s == 1 && *s == '.') ? NULL : s;
}

/* All that can be walked without us. 0: rest is what is left (nothing: `at` is the object), or -errno. */
static long jump(struct walk *w, int use)
{
	struct plain_path p;
	char *last;
	long ret = 1;

	w->jump = false;
	if (!is_plain(w->at, w->rest, w->rest > w->text, &p))
		return 0;
	if (!(use & (PATH_NAME | PATH_NOFOLLOW | PATH_OPEN)))
		ret = jump_to(w, &p, O_PATH | O_CLOEXEC);
	if (ret <= 0) {
		w->rest += strlen(w->rest);
		return ret;
	}
	last = last_name(w->rest);
	if (!last)
		return 0;
	last[-1] = 0;
	ret = jump_to(w, &p, FOLDER_FLAGS);
	last[-1] = '/';
	if (!ret)
		w->rest = last;
	return ret < 0 ? ret : 0;
}

/* --- name by name ----------------------------------------------------------------------------------- */

/* False: the rest is empty. */
static bool name_in(struct walk *w, struct name *n)
{
	char *end;

	while (*w->rest == '/')
		w->rest++;
	n->text = end = w->rest;
	while (*end && *end != '/')
		end++;
	n->slash = *end == '/';
	n->after = end;
	while (*n->after == '/')
		n->after++;
	n->last = !*n->after;
	*end = 0;
	return *n->text;
}

/* Continue with a link's text, of len bytes, in place of its name. */
static long follow(struct walk *w, const struct name *n, const char *link, size_t len)
{
	bool slash = !n->last || n->slash;
	size_t left = strlen(n->after);

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (len + slash + left >= sizeof(w->text))
		return -ENAMETOOLONG;
	memmove(w->text + len + slash, n->after, left + 1);
	if (slash)
		w->text[len] = '/';
	memcpy(w->text, link, len);
	w->rest = w->text;
	w->jump = true;
	if (link[0] == '/') {
		go(w, root_fd(), false);
		while (*w->rest == '/')
			w->rest++;
	}
	return MORE;
}

/* A link of /proc to what need not have a name. */
static bool is_magic(const struct walk *w, const char *link)
{
	return (link[0] == '/' || strchr(link, ':')) && rooted_in_proc(w->at);
}

static long follow_magic(struct walk *w, const struct name *n, const char *link)
{
	long err;

	if (!strcmp(n->text, "root") && !strcmp(link, "/")) { /* of a process that sees the host's, as we do */
		go(w, root_fd(), false);
		w->rest = n->after;
		return MORE;
	}
	if (n->last && !n->slash)
		return MAGIC;
	err = go_to(w, n->text, FOLDER_FLAGS);
	w->rest = n->after;
	return err ? err : MORE;
}

/* A name that is none of ours. */
static long through(struct walk *w, const struct name *n)
{
	char link[PATH_SIZE];
	long ret = -ENOTDIR;

	if (!n->last)
		ret = go_to(w, n->text, FOLDER_FLAGS | O_NOFOLLOW);
	if (!ret) {
		w->rest = n->after;
		return MORE;
	}
	if (ret != -ENOTDIR && ret != -ELOOP)
		return ret;
	ret = host_syscall4(__NR_readlinkat, (u64)w->at, (u64)n->text, (u64)link, sizeof(link) - 1);
	if (ret < 0) /* no link, or none that can be read: whoever needs it hears what it is */
		return n->last ? ENTRY : ret == -EINVAL ? -ENOTDIR : ret;
	link[ret] = 0;
	return is_magic(w, link) ? follow_magic(w, n, link) : follow(w, n, link, (size_t)ret);
}

static long step(struct walk *w, struct name *n, int use)
{
	const char *bound;
	bool named;

	if (!name_in(w, n))
		return OBJECT;
	named = n->last && use & PATH_NAME;
	if (!strcmp(n->text, ".") || !strcmp(n->text, "..")) {
		w->rest = n->after;
		return named ? ENTRY : n->text[1] ? go_up(w) : MORE;
	}
	bound = bound_name(n->text, strlen(n->text));
	if (bound && is_root(w->at)) {
		w->rest = n->after;
		n->text = "/"; /* may not be removed either */
		return named ? ENTRY : go_to(w, bound, FOLDER_FLAGS);
	}
	if (named || (n->last && use & PATH_NOFOLLOW && !n->slash))
		return ENTRY;
	return through(w, n);
}

/* --- the answer ------------------------------------------------------------------------------------- */

static void set_text(struct host_path *out, const struct walk *w, s64 dirfd, const char *name, bool slash)
{
	struct text b = text_begin(out->text, sizeof(out->text));

	if (w->own || w->at != dirfd) {
		text_str(&b, rooted_descriptors());
		text_s64(&b, w->at);
		text_str(&b, name ? "/" : "");
	} else if (!name) {
		name = ".";
	}
	out->at = w->at;
	out->last = (u32)text_len(&b);
	text_str(&b, name ? name : "");
	if (slash)
		text_char(&b, '/');
	out->pin = w->own ? (int)w->at : -1;
}

/* From a name that was no link to what it stands for. MORE, RACED or -errno. */
static long pin_object(struct walk *w, const struct name *n)
{
	struct stat st;
	long err = go_to(w, n->text, O_PATH | O_CLOEXEC | O_NOFOLLOW | (n->slash ? O_DIRECTORY : 0));

	if (err)
		return err;
	return stat_of(w->at, "", &st) && (st.st_mode & FILE_TYPE) == FILE_LINK ? RACED : MORE;
}

/* An object is needed where the host's call would follow a link that comes there meanwhile. 0, RACED or -errno. */
static long finish(struct walk *w, struct name *n, long how, int use, s64 dirfd, struct host_path *out)
{
	long err;

	out->magic = how == MAGIC;
	out->follow = how == OBJECT || how == MAGIC;
	out->folder = how == ENTRY && n->slash;
	if (use & PATH_NAME && (how == OBJECT || n->text[0] == '/')) { /* the root, or as good as one */
		memcpy(out->text, "/", 2);
		go(w, AT_FDCWD, false);
		return 0;
	}
	if (how == ENTRY && !(use & (PATH_NAME | PATH_OPEN)) && !(use & PATH_NOFOLLOW && !n->slash)) {
		err = pin_object(w, n);
		if (err)
			return err;
		how = OBJECT;
		out->follow = true;
	}
	if (how != OBJECT && strlen(n->text) > NAME_SIZE)
		return -ENAMETOOLONG;
	if (use & PATH_OPEN && w->own) { /* what is opened now shall have the lowest number */
		long high;

		held_remove(w->at);
		high = fd_raise((int)w->at);
		w->own = high >= 0;
		if (high < 0)
			return high;
		w->at = high;
		held_add(high);
	}
	/* A slash behind the name makes calls that do not follow links go to the folder it is. */
	set_text(out, w, dirfd, how == OBJECT ? NULL : n->text,
		 how == OBJECT ? use & PATH_NOFOLLOW : how == ENTRY && n->slash && use & (PATH_NAME | PATH_OPEN));
	return 0;
}

/* A name in the folder at hand that nobody follows needs no walk. */
static bool is_simple(const char *name, int use)
{
	size_t n = strlen(name);

	if (!(use & (PATH_NAME | PATH_NOFOLLOW)) || *name == '.' || strchr(name, '/'))
		return false;
	return n <= NAME_SIZE && !bound_name(name, n);
}

static long walk(struct walk *w, struct name *n, int use)
{
	long ret = MORE;

	while (ret == MORE) {
		if (w->jump)
			ret = jump(w, use);
		if (!ret)
			ret = step(w, n, use);
	}
	return ret;
}

/* From the beginning, once. 0, RACED or -errno. */
static long resolve(s64 dirfd, const char *name, size_t len, int use, struct host_path *out)
{
	struct walk w;
	struct name n = {0};
	long ret;

	w.at = *name == '/' ? root_fd() : dirfd;
	w.own = false;
	w.jump = true;
	w.links = 0;
	w.rest = memcpy(w.text, name, len + 1);
	while (*w.rest == '/')
		w.rest++;
	ret = walk(&w, &n, use);
	if (ret > 0)
		ret = finish(&w, &n, ret, use, dirfd, out);
	if (ret)
		go(&w, AT_FDCWD, false);
	return ret;
}

long rooted_path(s64 dirfd, const char *name, int use, struct host_path *out)
{
	size_t len = strlen(name);
	long ret = RACED;

	out->pin = -1;
	out->follow = out->folder = out->magic = false;
	out->at = dirfd;
	out->last = 0;
	if (!*name || is_simple(name, use)) { /* nothing, too: the kernel knows which calls allow that */
		memcpy(out->text, name, len + 1);
		return 0;
	}
	if (len >= PATH_SIZE)
		return -ENAMETOOLONG;
	held_begin();
	for (u32 i = 0; ret == RACED && i < RACES_MAX; i++)
		ret = resolve(dirfd, name, len, use, out);
	held_end();
	return ret == RACED ? -ELOOP : ret;
}

void rooted_release(struct host_path *p)
{
	if (p->pin < 0)
		return;
	held_begin();
	held_close(p->pin);
	held_end();
	p->pin = -1;
}
