#include "rescue.h"

#include "codec/b64.h"
#include "codec/jsn.h"
#include "store/store.h"

#define FORMAT     1 /* rises when an older program could not read the record */
#define RECORD     "rescue"
#define RECORD_MAX ((size_t)128 * 1024)

static const struct jsn_limits LIMITS = {.bytes = RECORD_MAX, .depth = 2};

/* clang-format off */
#define TEXT(name, member) {name, offsetof(struct rescue, member), sizeof(((struct rescue *)0)->member)}
static const struct {
	const char *name;
	size_t offset, room;
} TEXTS[] = {
	TEXT("server", server),
	TEXT("url", url),
	TEXT("manufacturer", manufacturer),
	TEXT("model", model),
	TEXT("hardware", hardware),
};

#define FLAG(name, member) {name, offsetof(struct rescue, member)}
static const struct {
	const char *name;
	size_t offset;
} FLAGS[] = {
	FLAG("direct", direct),
	FLAG("private", private_peer),
	FLAG("allowDowngrade", allow_downgrade),
};
/* clang-format on */

void rescue_done(struct rescue *r)
{
	buf_done(&r->octets);
}

int rescue_save(struct store *s, const struct rescue *r)
{
	struct jsn *o CLEANUP(jsn_freep) = jsn_new_object();
	CLEANUP(buf_done) struct buf text = BUF_INIT(RECORD_MAX), out = BUF_INIT(RECORD_MAX);
	int e;

	b64_encode(buf_span(&r->octets), &text);
	buf_put_byte(&text, '\0');
	if (!buf_ok(&text))
		return -ENOMEM;
	jsn_set_int(o, "format", FORMAT);
	jsn_set_str(o, "manifest", (const char *)text.ptr);
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		jsn_set_str(o, TEXTS[i].name, (const char *)r + TEXTS[i].offset);
	for (size_t i = 0; i < ARRAY_SIZE(FLAGS); i++)
		jsn_set_int(o, FLAGS[i].name, *(const bool *)((const char *)r + FLAGS[i].offset));
	e = jsn_write(o, JSN_COMPACT, &out);
	return e < 0 ? e : store_put(s, RECORD, buf_span(&out));
}

static bool read_texts(const struct jsn *o, struct rescue *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		const struct jsn *v = jsn_get(o, TEXTS[i].name);

		if (jsn_type(v) != JSN_TEXT ||
		    span_to_str(jsn_text(v), (char *)r + TEXTS[i].offset, TEXTS[i].room) < 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(FLAGS); i++) {
		const struct jsn *v = jsn_get(o, FLAGS[i].name);

		if (jsn_type(v) != JSN_INT || jsn_int(v) < 0 || jsn_int(v) > 1)
			return false;
		*(bool *)((char *)r + FLAGS[i].offset) = jsn_int(v) == 1;
	}
	return true;
}

bool rescue_read(struct span text, struct rescue *ret)
{
	struct jsn *o CLEANUP(jsn_freep) = NULL;

	*ret = (struct rescue){.octets = BUF_INIT(RESCUE_OCTETS_MAX)};
	return jsn_parse(text, &LIMITS, &o) == JSN_OK && jsn_int(jsn_get(o, "format")) == FORMAT &&
	       read_texts(o, ret) &&
	       b64_decode(jsn_text(jsn_get(o, "manifest")), &ret->octets) == 0 &&
	       ret->octets.len > 0;
}

int rescue_load(struct store *s, struct rescue *ret)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(RECORD_MAX);
	int r;

	*ret = (struct rescue){0};
	r = store_get(s, RECORD, &b);
	if (r < 0)
		return r;
	return rescue_read(buf_span(&b), ret) ? 0 : -EBADMSG;
}

int rescue_forget(struct store *s)
{
	return store_del(s, RECORD);
}

int rescue_peek(const char *dir, struct rescue *ret)
{
	struct store *s = NULL;
	int r = store_open(&s, dir);

	*ret = (struct rescue){0};
	if (r == 0)
		r = rescue_load(s, ret);
	store_free(s);
	return r;
}
