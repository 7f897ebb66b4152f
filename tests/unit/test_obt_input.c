/* ocf-obt/input: lines from pipes and files, while the loop runs. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "input.h"

struct seen {
	struct loop *loop;
	struct input *in;
	char lines[4][INPUT_LINE_MAX];
	unsigned n, wanted;
	bool ended;
};

static void on_line(void *arg, const char *line)
{
	struct seen *s = arg;

	if (line)
		(void)snprintf(s->lines[s->n++], INPUT_LINE_MAX, "%s", line);
	else
		s->ended = true;
	if (s->ended || s->n == s->wanted)
		loop_exit(s->loop, 0);
	else
		assert_int_equal(input_line(s->in, on_line, s), 0);
}

/* Asks for `wanted` lines of `text`, given by a pipe that is then closed. */
static struct seen read_lines(const char *text, unsigned wanted)
{
	struct loop *loop CLEANUP(loop_freep) = NULL;
	struct seen s = {.wanted = wanted};
	struct input in;
	int fds[2];

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fds[1]), 0);
	input_init(&in, loop, fds[0]);
	s.loop = loop;
	s.in = &in;
	assert_int_equal(input_line(&in, on_line, &s), 0);
	assert_int_equal(loop_run(loop), 0);
	input_done(&in);
	assert_int_equal(close(fds[0]), 0);
	return s;
}

static void input_line__gives_one_line_for_each_question(void **state)
{
	struct seen s = read_lines("yes\n12345678\r\nrest\n", 2);

	(void)state;
	assert_int_equal(s.n, 2);
	assert_string_equal(s.lines[0], "yes");
	assert_string_equal(s.lines[1], "12345678");
	assert_false(s.ended);
}

static void input_line__takes_a_last_line_without_its_end(void **state)
{
	struct seen s = read_lines("yes", 2);

	(void)state;
	assert_int_equal(s.n, 1);
	assert_string_equal(s.lines[0], "yes");
	assert_true(s.ended);
}

static void input_line__refuses_a_line_without_end(void **state)
{
	char text[2 * INPUT_LINE_MAX];
	struct seen s;

	(void)state;
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	s = read_lines(text, 1);
	assert_int_equal(s.n, 0);
	assert_true(s.ended);
}

static void input_open__reads_a_plain_file_at_once(void **state)
{
	char path[] = "/tmp/test_obt_input.XXXXXX";
	struct loop *loop CLEANUP(loop_freep) = NULL;
	struct seen s = {.wanted = 1};
	int fd = mkstemp(path);
	struct input in;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "4711\n", 5), 5);
	assert_int_equal(close(fd), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(input_open(&in, loop, path), 0);
	s.loop = loop;
	s.in = &in;
	assert_int_equal(input_line(&in, on_line, &s), 0);
	assert_int_equal(s.n, 1); /* without the loop */
	assert_string_equal(s.lines[0], "4711");
	input_done(&in);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(input_open(&in, loop, path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_line__gives_one_line_for_each_question),
		cmocka_unit_test(input_line__takes_a_last_line_without_its_end),
		cmocka_unit_test(input_line__refuses_a_line_without_end),
		cmocka_unit_test(input_open__reads_a_plain_file_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
