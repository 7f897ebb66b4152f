/* tools/ocf-obt/out.h - what the person or the script gets to see. */
#pragma once

#include <stdio.h>

#include "base/uuid.h"
#include "codec/jsn.h"

/* Exit codes, one per cause; documented in ocf-obt(1). */
enum outcome {
	OUT_OK = 0,
	OUT_FAILED = 1,       /* our own trouble: memory, disk, sockets */
	OUT_USAGE = 2,        /* the command line */
	OUT_NOT_FOUND = 3,    /* no such device, or more than one */
	OUT_DECLINED = 4,     /* the person said no */
	OUT_REFUSED = 5,      /* the device answered with an error */
	OUT_SILENT = 6,       /* the device stopped answering */
	OUT_KEY = 7,          /* wrong PIN, or our credential was not taken */
	OUT_METHOD = 8,       /* no usable transfer method */
	OUT_ANSWER = 9,       /* an answer that makes no sense */
	OUT_STATE = 10,       /* the tool's own directory */
	OUT_DRIFT = 11,       /* a device is not as its record says */
	OUT_INTERRUPTED = 130 /* as shells report SIGINT */
};

#define OUT_CODE ((size_t)5) /* "4.04" and a NUL */

/* What went wrong. `step` and `code` may be absent (NULL, 0). */
struct trouble {
	enum outcome outcome;
	const char *step;
	unsigned code; /* 400 for 4.00 */
	char text[256];
};

void trouble_set(struct trouble *t, enum outcome outcome, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* One line on standard error; with `json` an object on standard output. Returns the outcome. */
enum outcome out_trouble(bool json, const struct trouble *t);
struct jsn *out_trouble_json(const struct trouble *t); /* owned by the caller */
/* Both in one. */
enum outcome out_fail(bool json, enum outcome outcome, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* One line of compact JSON; takes v. */
enum outcome out_json(struct jsn *v);
/* What was done to a device; for people its UUID, name and `what`. */
enum outcome out_done(bool json, const struct uuid *device, const char *name, const char *what);
void out_code(unsigned code, char ret[OUT_CODE]);
void out_set_uuid(struct jsn *object, const char *name, const struct uuid *u);

/* Text of a device, without what could steer a terminal. */
void out_text(FILE *to, const char *text);
/* "name      value", the value made safe. Nothing for an empty value. */
void out_field(FILE *to, const char *name, const char *value);

/* A line that says what goes on, on a terminal only. */
void out_progress(bool json, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, in place of the status before it; an empty one makes room for other lines. */
void out_status(bool json, const char *fmt, ...) PRINTF_LIKE(2, 3);
