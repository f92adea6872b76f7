/*
 * Scripts: the interpreter's words, its one argument, blanks, nesting, a script by descriptor, errors of the first line.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <limits.h>

static char self[PATH_MAX];
static char *const env[] = {NULL};

static void script(const char *name, const char *before, const char *after)
{
	char line[PATH_MAX + 100];

	snprintf(line, sizeof(line), "#!%s%s%s\nrest\n", before, self, after);
	make_file(name, line);
	CHECK(chmod(name, 0755) == 0);
}

static const char *to_run;

static void runs(void)
{
	char *const words[] = {"given", "one", "two", NULL};

	execve(to_run, words, env);
	_exit(100 + (errno == ENOEXEC) + 2 * (errno == ENOENT) + 3 * (errno == ELOOP) + 4 * (errno == EACCES));
}

static void runs_by_fd(void)
{
	char *const words[] = {"given", "one", "two", NULL};
	int fd = open(to_run, O_RDONLY);

	fexecve(fd, words, env);
	_exit(100);
}

static void runs_by_closing_fd(void)
{
	char *const words[] = {"given", "one", "two", NULL};
	int fd = open(to_run, O_RDONLY | O_CLOEXEC);

	CHECK_FAILS(fexecve(fd, words, env), ENOENT); /* the interpreter could not open it */
}

static void runs_without_words(void)
{
	char *const words[] = {NULL};

	execve(to_run, words, env);
	_exit(100);
}

static int run(const char *name, void (*how)(void))
{
	int status;

	to_run = name;
	status = in_child(how);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The interpreter: its status says which words it was given. */
static int as_interpreter(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "./plain") && !strcmp(argv[2], "one") && !strcmp(argv[3], "two"))
		return 1;
	if (argc == 5 && !strcmp(argv[1], "arg with  blanks") && !strcmp(argv[2], "./blanks") && !strcmp(argv[3], "one"))
		return 2;
	if (argc == 6 && !strcmp(argv[1], "x") && !strcmp(argv[2], "./inner") && !strcmp(argv[3], "./outer"))
		return 3;
	if (argc == 4 && !strncmp(argv[1], "/dev/fd/", 8) && !strcmp(argv[2], "one"))
		return access(argv[1], R_OK) == 0 ? 4 : 104;
	if (argc == 2 && !strcmp(argv[1], "./plain"))
		return 5;
	for (int i = 0; i < argc; i++)
		fprintf(stderr, "[%s]", argv[i]);
	return 99;
}

int main(int argc, char **argv)
{
	static const char *const made[] = {"outer", "missing", "nothing", "text", "loop", "closed", NULL};
	char link[PATH_MAX];

	if (argc > 1)
		return as_interpreter(argc, argv);
	CHECK(realpath(argv[0], self));
	enter_scratch_folder();
	script("plain", "", "");
	script("blanks", "  \t", " \t arg with  blanks  ");
	script("inner", " ", " x");
	make_file("outer", "#!./inner\n");
	make_file("missing", "#!/no/such/program\n");
	make_file("nothing", "#!\n");
	make_file("text", "echo not a program\n");
	make_file("loop", "#!./loop\n");
	make_file("closed", "#!./text\n");
	for (int i = 0; made[i]; i++)
		CHECK(chmod(made[i], 0755) == 0);
	CHECK(run("./plain", runs) == 1);
	CHECK(run("./blanks", runs) == 2);
	CHECK(run("./outer", runs) == 3);
	CHECK(run("./plain", runs_by_fd) == 4);
	CHECK(run("./plain", runs_by_closing_fd) == 0);
	CHECK(run("./plain", runs_without_words) == 5);
	CHECK(run("./missing", runs) == 102);
	CHECK(run("./nothing", runs) == 101);
	CHECK(run("./text", runs) == 101);
	CHECK(run("./loop", runs) == 103);
	CHECK(run("./closed", runs) == 101);
	CHECK(chmod("plain", 0644) == 0 && run("./plain", runs) == 104);
	CHECK(readlink("/proc/self/exe", link, sizeof(link)) > 0);
	puts("ok exec_scripts");
	return 0;
}
