/* Loads and unloads the library named by its argument, fifty times, with calls in both directions between. */
#include <dlfcn.h>
#include <stdio.h>

static int twice(int a)
{
	return 2 * a;
}

static int use(const char *name, int a)
{
	void *library = dlopen(name, RTLD_NOW);
	int (*add_up)(int, int (*)(int)) = library ? dlsym(library, "add_up") : NULL;
	int sum = 0;

	if (!add_up)
		return -1;
	for (int i = 0; i < 100; i++)
		sum += add_up(a, twice);
	dlclose(library);
	return sum;
}

int main(int argc, char **argv)
{
	long sum = 0;

	(void)argc;
	for (int i = 0; i < 50; i++)
		sum += use(argv[1], i);
	printf("%ld\n", sum);
	return 0;
}
