#include "codec/jsn.h"

#include <jansson.h>
#include <malloc.h>

#include "base/log.h"
#include "codec/b64.h"

/* A value may hold a private key: its memory is wiped before it is given back. */
static void wipe_and_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* A value that lacks a member could say the opposite of what was meant: none is built. */
static _Noreturn void end_process(void)
{
	log_error("json: out of memory, the process ends");
	abort();
}

static void *allocate(size_t n)
{
	void *p = malloc(n);

	if (!p)
		end_process();
	return p;
}

__attribute__((constructor)) static void set_allocator(void)
{
	json_set_alloc_funcs(allocate, wipe_and_free);
}

/* struct jsn is never defined: a pointer to it is jansson's, seen from outside. */
static json_t *in(const struct jsn *v)
{
	return (json_t *)(uintptr_t)v; /* jansson's getters want a non-const pointer */
}

static struct jsn *out(json_t *v)
{
	return (struct jsn *)v;
}

/* Nesting found by counting brackets outside strings: what is no JSON at all fails later. */
static bool deeper_than(struct span text, unsigned depth)
{
	unsigned open = 0;
	bool string = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{' || c == '[') {
			if (++open > depth)
				return true;
		} else if ((c == '}' || c == ']') && open > 0) {
			open--;
		}
	}
	return false;
}

enum jsn_err jsn_parse(struct span text, const struct jsn_limits *limits, struct jsn **ret)
{
	json_error_t e;
	json_t *v;

	if (text.len > limits->bytes)
		return JSN_TOO_LARGE;
	if (deeper_than(text, limits->depth))
		return JSN_TOO_DEEP;
	v = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
		       &e);
	if (!v)
		return json_error_code(&e) == json_error_duplicate_key ? JSN_DUPLICATE
								       : JSN_INVALID;
	*ret = out(v);
	return JSN_OK;
}

struct jsn *jsn_free(struct jsn *v)
{
	json_decref(in(v));
	return NULL;
}

enum jsn_type jsn_type(const struct jsn *v)
{
	if (!v)
		return JSN_NONE;
	switch (json_typeof(in(v))) {
	case JSON_OBJECT:
		return JSN_OBJECT;
	case JSON_ARRAY:
		return JSN_ARRAY;
	case JSON_STRING:
		return JSN_TEXT;
	case JSON_INTEGER:
		return JSN_INT;
	case JSON_REAL:
		return JSN_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSN_BOOL;
	case JSON_NULL:
		break;
	}
	return JSN_NULL;
}

const struct jsn *jsn_get(const struct jsn *object, const char *name)
{
	return out(json_object_get(in(object), name));
}

const struct jsn *jsn_at(const struct jsn *array, size_t i)
{
	return out(json_array_get(in(array), i));
}

size_t jsn_len(const struct jsn *array_or_object)
{
	return json_array_size(in(array_or_object)) + json_object_size(in(array_or_object));
}

const struct jsn *jsn_member(const struct jsn *object, size_t i, struct span *ret_name)
{
	void *it = json_object_iter(in(object));

	for (; it && i > 0; i--)
		it = json_object_iter_next(in(object), it);
	*ret_name = it ? span_str(json_object_iter_key(it)) : (struct span){0};
	if (!it)
		return NULL;
	return out(json_object_iter_value(it));
}

struct span jsn_text(const struct jsn *v)
{
	return span_of(json_string_value(in(v)), json_string_length(in(v)));
}

const char *jsn_str(const struct jsn *v)
{
	return json_string_value(in(v));
}

int64_t jsn_int(const struct jsn *v)
{
	return json_integer_value(in(v));
}

double jsn_real(const struct jsn *v)
{
	return json_real_value(in(v));
}

bool jsn_bool(const struct jsn *v)
{
	return json_is_true(in(v));
}

struct jsn *jsn_new_object(void)
{
	return out(json_object());
}

struct jsn *jsn_new_array(void)
{
	return out(json_array());
}

struct jsn *jsn_new_text(struct span utf8)
{
	if (utf8.len && memchr(utf8.ptr, '\0', utf8.len))
		return NULL; /* jsn_str() would give a part of it */
	return out(json_stringn(utf8.len ? (const char *)utf8.ptr : "", utf8.len));
}

struct jsn *jsn_new_int(int64_t v)
{
	return out(json_integer(v));
}

struct jsn *jsn_new_real(double v)
{
	return out(json_real(v));
}

struct jsn *jsn_new_bool(bool v)
{
	return out(json_boolean(v));
}

struct jsn *jsn_new_null(void)
{
	return out(json_null());
}

struct jsn *jsn_copy(const struct jsn *v)
{
	return out(json_deep_copy(in(v)));
}

void jsn_set(struct jsn *object, const char *name, struct jsn *taken)
{
	(void)json_object_set_new(in(object), name, in(taken));
}

void jsn_add(struct jsn *array, struct jsn *taken)
{
	(void)json_array_append_new(in(array), in(taken));
}

void jsn_set_str(struct jsn *object, const char *name, const char *v)
{
	jsn_set_text(object, name, span_str(v));
}

void jsn_set_text(struct jsn *object, const char *name, struct span v)
{
	jsn_set(object, name, jsn_new_text(v));
}

void jsn_set_b64(struct jsn *object, const char *name, struct span octets)
{
	CLEANUP(buf_done) struct buf text = {.max = SIZE_MAX, .secret = true};

	b64_encode(octets, &text);
	if (!buf_ok(&text))
		end_process();
	jsn_set_text(object, name, buf_span(&text));
}

void jsn_set_int(struct jsn *object, const char *name, int64_t v)
{
	jsn_set(object, name, jsn_new_int(v));
}

void jsn_set_bool(struct jsn *object, const char *name, bool v)
{
	jsn_set(object, name, jsn_new_bool(v));
}

void jsn_del(struct jsn *object, const char *name)
{
	(void)json_object_del(in(object), name);
}

static int append(const char *text, size_t n, void *arg)
{
	buf_put(arg, span_of(text, n));
	return buf_ok(arg) ? 0 : -1;
}

int jsn_write(const struct jsn *v, enum jsn_style style, struct buf *b)
{
	static const size_t FLAGS[] = {
		[JSN_COMPACT] = JSON_COMPACT,
		[JSN_SORTED] = JSON_COMPACT | JSON_SORT_KEYS,
		[JSN_PRETTY] = JSON_INDENT(2) | JSON_ENSURE_ASCII,
		[JSN_LINE] = JSON_COMPACT | JSON_ENSURE_ASCII,
	};

	return json_dump_callback(in(v), append, b, FLAGS[style] | JSON_ENCODE_ANY) ? -ENOMEM : 0;
}
