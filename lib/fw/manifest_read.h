/* lib/fw/manifest_read.h - parts of the payload reader; nobody else includes it. */
#pragma once

#include "fw/manifest.h"

enum member_type { IS_TEXT, IS_NUMBER, IS_OBJECT, ARE_TEXTS, ARE_OBJECTS };

/* One member of an object: what it must be, and where its value goes. */
struct member {
	const char *name;
	enum member_type type;
	bool required;
	unsigned has;  /* of enum manifest_has, to set when it is there; 0: none */
	uint64_t max;  /* texts: octets; numbers: value */
	size_t offset; /* in the structure that is filled */
	enum fw_error (*read)(const struct jsn *v, const struct member *row, void *field);
};

/* Presence of all, then types of all, then values in the order of the rows; `base` is what the
 * offsets count from, and is not used without a `read`. `required` adds optional members by their
 * has-bit. */
MUST_USE enum fw_error members_read(const struct jsn *object, const struct member *rows, size_t n,
				    unsigned required, void *base);

/* Readers for the table. They get a value of the row's type. A text has no control characters and
 * is not empty. */
enum fw_error read_text(const struct jsn *v, const struct member *row, void *field);
enum fw_error read_uint(const struct jsn *v, const struct member *row, void *field);
enum fw_error read_location(const struct jsn *v, const struct member *row, void *field);
/* A commitHash into struct digests: known algorithms only, at least one. */
enum fw_error read_digests(const struct jsn *v, const struct member *row, void *field);
/* `images` and `key-info` into struct manifest. */
enum fw_error read_images(const struct jsn *v, const struct member *row, void *field);
enum fw_error read_key_info(const struct jsn *v, const struct member *row, void *field);
/* `chunkIndex` into struct manifest. */
enum fw_error read_chunk_index(const struct jsn *v, const struct member *row, void *field);
/* `encryption` into struct fw_encryption. */
enum fw_error read_encryption(const struct jsn *v, const struct member *row, void *field);
