/* tests/unit/vector.h - reads files below tests/vectors. */
#pragma once

#include <stdio.h>

#include "test.h"

#include "codec/jsn.h"

#define VECTOR_MAX ((size_t)1024 * 1024)

/* The caller ends it with buf_done(). */
static inline struct buf vector_read(const char *name)
{
	struct buf b = BUF_INIT(VECTOR_MAX);
	const char *root = getenv("VECTORS");
	char path[512];
	FILE *f;
	int c;

	assert_non_null(root);
	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "rbe");
	if (!f)
		fail_msg("%s is not there", path);
	while ((c = fgetc(f)) != EOF)
		buf_put_byte(&b, (uint8_t)c);
	(void)fclose(f);
	assert_true(buf_ok(&b));
	return b;
}

static inline struct jsn *vector_json(const char *name)
{
	struct buf b = vector_read(name);
	struct jsn *v = NULL;

	assert_int_equal(jsn_parse(buf_span(&b), &(struct jsn_limits){VECTOR_MAX, 32}, &v), JSN_OK);
	buf_done(&b);
	return v;
}
