/* A library that plugin_host.c loads and unloads many times; it calls back. */
int add_up(int a, int (*callback)(int));

static int sum;

int add_up(int a, int (*callback)(int))
{
	sum += a;
	return callback(sum) + 1;
}
