/* Runs a fuzz target once over each file of the given folders: the stand-in for libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A heap block of the exact size, so that a sanitizer sees one byte too far. */
static int replay_fd(int fd)
{
	struct stat st;
	size_t size;
	uint8_t *data;

	if (fstat(fd, &st) < 0)
		return -1;
	size = (size_t)st.st_size;
	data = malloc(size);
	if (size > 0 && (!data || read(fd, data, size) != st.st_size)) {
		free(data);
		return -1;
	}
	(void)LLVMFuzzerTestOneInput(data, size); /* its result is for libFuzzer only */
	free(data);
	return 0;
}

/* The number of files run, or -1. */
static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	int runs = 0;

	if (!dir)
		return -1;
	for (const struct dirent *e; (e = readdir(dir));) {
		int fd, r;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -1 : replay_fd(fd);
		if (fd >= 0)
			(void)close(fd); /* read only: nothing to lose */
		if (r < 0) {
			(void)fprintf(stderr, "%s/%s: cannot be read\n", path, e->d_name);
			(void)closedir(dir);
			return -1;
		}
		runs++;
	}
	(void)closedir(dir);
	return runs;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int runs = replay_folder(argv[i]);

		if (runs <= 0) {
			(void)fprintf(stderr, "%s: no corpus\n", argv[i]);
			return EXIT_FAILURE;
		}
		(void)printf("%s: %d inputs\n", argv[i], runs);
	}
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
