#include "bus/payload.h"

#include <math.h>
#include <systemd/sd-bus.h>

#include "codec/cbr.h"
#include "codec/cbw.h"

static const struct cbr_limits LIMITS = {.bytes = PAYLOAD_MAX,
					 .depth = PAYLOAD_DEPTH_MAX,
					 .items = PAYLOAD_ITEMS_MAX,
					 .text = PAYLOAD_TEXT_MAX,
					 .floats = true};

/* The keys of one map. */
struct keys {
	struct span v[PAYLOAD_KEYS_MAX];
	size_t n;
};

/* False: it is there already, or there are too many. */
static bool add_key(struct keys *keys, struct span key)
{
	for (size_t i = 0; i < keys->n; i++)
		if (span_eq(keys->v[i], key))
			return false;
	if (keys->n == PAYLOAD_KEYS_MAX)
		return false;
	keys->v[keys->n++] = key;
	return true;
}

/* ---- CBOR to D-Bus ---- */

static int append_value(sd_bus_message *m, struct cbr *c);

static int append_text(sd_bus_message *m, struct span text)
{
	char s[PAYLOAD_TEXT_MAX + 1];

	return span_to_str(text, s, sizeof(s)) < 0 ? -EBADMSG
						   : sd_bus_message_append_basic(m, 's', s);
}

static int append_map(sd_bus_message *m, struct cbr *c)
{
	struct keys keys = {.n = 0};
	struct span key;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	cbr_map(c);
	while (r >= 0 && cbr_next(c, &key)) {
		if (!add_key(&keys, key))
			return -EBADMSG;
		r = sd_bus_message_open_container(m, 'e', "sv");
		if (r >= 0)
			r = append_text(m, key);
		if (r >= 0)
			r = append_value(m, c);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_array(sd_bus_message *m, struct cbr *c)
{
	int r = sd_bus_message_open_container(m, 'a', "v");

	cbr_array(c);
	while (r >= 0 && cbr_more(c))
		r = append_value(m, c);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_bytes(sd_bus_message *m, struct cbr *c)
{
	struct span data = cbr_bytes(c);

	return sd_bus_message_append_array(m, 'y', data.ptr, data.len);
}

/* A variant of this type; fn NULL: a text. */
static int append_variant(sd_bus_message *m, struct cbr *c, const char *type,
			  int (*fn)(sd_bus_message *m, struct cbr *c))
{
	int r = sd_bus_message_open_container(m, 'v', type);

	if (r >= 0)
		r = fn ? fn(m, c) : append_text(m, cbr_text(c));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_uint(sd_bus_message *m, uint64_t v)
{
	return sd_bus_message_append(m, "v", v > INT64_MAX ? "t" : "x", v);
}

static int append_value(sd_bus_message *m, struct cbr *c)
{
	switch (cbr_peek(c)) {
	case CBR_UINT:
		return append_uint(m, cbr_uint(c, UINT64_MAX));
	case CBR_NEGINT:
		return sd_bus_message_append(m, "v", "x", cbr_int(c, INT64_MIN, -1));
	case CBR_FLOAT:
		return sd_bus_message_append(m, "v", "d", cbr_float(c));
	case CBR_BOOL:
		return sd_bus_message_append(m, "v", "b", (int)cbr_bool(c));
	case CBR_TEXT:
		return append_variant(m, c, "s", NULL);
	case CBR_BYTES:
		return append_variant(m, c, "ay", append_bytes);
	case CBR_ARRAY:
		return append_variant(m, c, "av", append_array);
	case CBR_MAP:
		return append_variant(m, c, "a{sv}", append_map);
	case CBR_NULL:
	case CBR_NONE:
		break;
	}
	return -EBADMSG;
}

int payload_append(struct sd_bus_message *m, struct span cbor)
{
	struct cbr c;
	int r;

	cbr_open(&c, cbor, &LIMITS);
	r = append_map(m, &c);
	if (r == -ENOMEM)
		return r;
	return r < 0 || cbr_close(&c) != CBR_OK ? -EBADMSG : 0;
}

/* ---- D-Bus to CBOR ---- */

struct reading {
	sd_bus_message *m;
	struct buf *out;
	size_t items;
	unsigned depth;
};

static int read_value(struct reading *r);

static int read_basic(struct reading *r, char type)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		int b;
		double d;
		const char *s;
	} v = {0};
	int e = sd_bus_message_read_basic(r->m, type, &v);

	if (e <= 0)
		return -EBADMSG;
	if (type == 'y')
		cbw_uint(r->out, v.y);
	else if (type == 'n')
		cbw_int(r->out, v.n);
	else if (type == 'q')
		cbw_uint(r->out, v.q);
	else if (type == 'i')
		cbw_int(r->out, v.i);
	else if (type == 'u')
		cbw_uint(r->out, v.u);
	else if (type == 'x')
		cbw_int(r->out, v.x);
	else if (type == 't')
		cbw_uint(r->out, v.t);
	else if (type == 'b')
		cbw_bool(r->out, v.b != 0);
	else if (type == 'd' && isfinite(v.d))
		cbw_float(r->out, v.d);
	else if (strchr("sog", type) && strlen(v.s) <= PAYLOAD_TEXT_MAX)
		cbw_str(r->out, v.s);
	else
		return -EBADMSG;
	return 0;
}

static int read_bytes(struct reading *r)
{
	const void *p;
	size_t n;

	if (sd_bus_message_read_array(r->m, 'y', &p, &n) < 0 || n > PAYLOAD_TEXT_MAX)
		return -EBADMSG;
	cbw_bytes(r->out, span_of(p, n));
	return 0;
}

/* Until the container that has been entered ends. */
static int read_elements(struct reading *r)
{
	int e = 0, end;

	cbw_array(r->out);
	while (e == 0 && (end = sd_bus_message_at_end(r->m, false)) == 0)
		e = read_value(r);
	cbw_end(r->out);
	return e == 0 && end < 0 ? -EBADMSG : e;
}

static int read_entry(struct reading *r, struct keys *keys)
{
	const char *key;

	if (sd_bus_message_read_basic(r->m, 's', &key) <= 0 || strlen(key) > PAYLOAD_TEXT_MAX ||
	    !add_key(keys, span_str(key)))
		return -EBADMSG;
	cbw_str(r->out, key);
	return read_value(r);
}

static int read_entries(struct reading *r)
{
	struct keys keys = {.n = 0};
	const char *contents;
	int e = 0;
	char type;

	cbw_map(r->out);
	while (e == 0 && sd_bus_message_peek_type(r->m, &type, &contents) > 0) {
		if (sd_bus_message_enter_container(r->m, type, contents) <= 0)
			return -EBADMSG;
		e = read_entry(r, &keys);
		if (e == 0 && sd_bus_message_exit_container(r->m) < 0)
			e = -EBADMSG;
	}
	cbw_end(r->out);
	return e;
}

static int read_container(struct reading *r, char type, const char *contents)
{
	int e;

	if (type != 'v' && r->depth == PAYLOAD_DEPTH_MAX)
		return -EBADMSG;
	if (sd_bus_message_enter_container(r->m, type, contents) < 0)
		return -EBADMSG;
	r->depth += type != 'v';
	if (type == 'v')
		e = read_value(r);
	else if (contents[0] == '{')
		e = read_entries(r);
	else
		e = read_elements(r);
	r->depth -= type != 'v';
	if (e == 0 && sd_bus_message_exit_container(r->m) < 0)
		e = -EBADMSG;
	return e;
}

static int read_value(struct reading *r)
{
	const char *contents;
	char type;

	if (++r->items > PAYLOAD_ITEMS_MAX || sd_bus_message_peek_type(r->m, &type, &contents) <= 0)
		return -EBADMSG;
	if (type == 'a' && strcmp(contents, "y") == 0)
		return read_bytes(r);
	if (strchr("avr(", type))
		return read_container(r, type, contents);
	return read_basic(r, type);
}

int payload_read(struct sd_bus_message *m, struct buf *out)
{
	struct reading r = {.m = m, .out = out};
	const char *contents;
	char type;
	int e;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0 || type != 'a' ||
	    strcmp(contents, "{sv}") != 0)
		return -EBADMSG;
	e = read_value(&r);
	if (e == 0 && !buf_ok(out))
		return -ENOMEM;
	return e;
}
