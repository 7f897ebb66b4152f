#include "bootenv.h"

#include <stdio.h>

#define VARIABLE_NAME sizeof(((struct bootenv_change *)0)->var[0].name)

static bool name_is_valid(struct span name)
{
	if (name.len == 0 || name.len >= BOOTENV_NAME)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i], l = c | 0x20;

		if (!(c >= '0' && c <= '9') && !(l >= 'a' && l <= 'z') && !strchr("._-", c))
			return false;
	}
	return true;
}

bool bootenv_set_names(struct bootenv *e, struct span names)
{
	for (size_t i = 0; i < BOOT_SLOTS; i++) {
		struct span name = span_cut(&names, ' ');

		if (!name_is_valid(name) || span_to_str(name, e->names[i], BOOTENV_NAME) < 0)
			return false;
	}
	return !names.ptr && strcmp(e->names[0], e->names[1]) != 0;
}

static const char *order_name(const struct bootenv *e)
{
	return e->kind == BOOTENV_UBOOT ? "BOOT_ORDER" : "ORDER";
}

/* "BOOT_A_LEFT", or "A_" with `what`. */
static void slot_name(const struct bootenv *e, int slot, const char *what, char ret[VARIABLE_NAME])
{
	const char *prefix = e->kind == BOOTENV_UBOOT ? "BOOT_" : "";

	(void)snprintf(ret, VARIABLE_NAME, "%s%s_%s", prefix, e->names[slot], what);
}

const char *const *bootenv_names(const struct bootenv *e)
{
	static char names[BOOTENV_CHANGES][VARIABLE_NAME];
	static const char *ret[BOOTENV_CHANGES + 1];
	size_t n = 0;

	(void)snprintf(names[n++], VARIABLE_NAME, "%s", order_name(e));
	for (int slot = 0; slot < BOOT_SLOTS; slot++) {
		if (e->kind == BOOTENV_UBOOT) {
			slot_name(e, slot, "LEFT", names[n++]);
		} else {
			slot_name(e, slot, "OK", names[n++]);
			slot_name(e, slot, "TRY", names[n++]);
		}
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = names[i];
	ret[n] = NULL;
	return ret;
}

/* The value in the last line that sets `name`; empty if there is none. */
static struct span value_of(struct span text, const char *name)
{
	struct span found = {0};

	while (text.ptr) {
		struct span value = span_cut(&text, '\n'), key = span_cut(&value, '=');

		if (value.ptr && span_is(key, name))
			found = value;
	}
	return found;
}

static struct span order_of(const struct bootenv *e, struct span text,
			    char room[static 2 * BOOTENV_NAME])
{
	struct span order = value_of(text, order_name(e));

	if (order.len > 0)
		return order;
	(void)snprintf(room, 2 * BOOTENV_NAME, "%s %s", e->names[0], e->names[1]);
	return span_str(room);
}

static uint32_t hex_value(struct span text)
{
	uint32_t n = 0;

	for (size_t i = 0; i < text.len && i < 4; i++) {
		const char *digits = "0123456789abcdef", *at = strchr(digits, text.ptr[i] | 0x20);

		if (text.ptr[i] == '\0' || !at)
			return 0;
		n = n << 4 | (uint32_t)(at - digits);
	}
	return n;
}

static struct boot_slot read_slot(const struct bootenv *e, struct span text, int slot)
{
	char name[VARIABLE_NAME];
	struct boot_slot s = {0};
	struct span value;

	if (e->kind == BOOTENV_UBOOT) {
		uint32_t left;

		slot_name(e, slot, "LEFT", name);
		value = value_of(text, name);
		left = value.len > 0 ? hex_value(value) : e->attempts;
		s.good = left > 0;
		s.left = left < e->attempts ? left : 0;
		return s;
	}
	slot_name(e, slot, "OK", name);
	s.good = span_is(value_of(text, name), "1");
	slot_name(e, slot, "TRY", name);
	value = value_of(text, name);
	s.good = s.good && (value.len == 0 || span_is(value, "0"));
	return s;
}

void bootenv_read(const struct bootenv *e, struct span text, struct boot_vars *ret)
{
	char room[2 * BOOTENV_NAME];
	struct span order = order_of(e, text, room), word;

	*ret = (struct boot_vars){.primary = BOOT_NO_SLOT};
	while (span_word(&order, &word)) {
		for (int slot = 0; slot < BOOT_SLOTS; slot++) {
			if (!span_is(word, e->names[slot]))
				continue;
			if (ret->primary == BOOT_NO_SLOT)
				ret->primary = slot;
			ret->slot[slot] = read_slot(e, text, slot);
		}
	}
}

static void set(struct bootenv_change *c, const char *name, const char *value)
{
	(void)snprintf(c->var[c->n].name, VARIABLE_NAME, "%s", name);
	(void)snprintf(c->var[c->n].value, BOOTENV_VALUE, "%s", value);
	c->n++;
}

static void set_slot(const struct bootenv *e, const struct boot_write *w, struct bootenv_change *c)
{
	uint32_t left = w->state.good ? e->attempts : w->state.left;
	char name[VARIABLE_NAME], value[16];

	if (e->kind == BOOTENV_UBOOT) {
		slot_name(e, w->slot, "LEFT", name);
		(void)snprintf(value, sizeof(value), "%x", left);
		set(c, name, value);
		return;
	}
	slot_name(e, w->slot, "OK", name);
	set(c, name, w->state.good || left > 0 ? "1" : "0");
	slot_name(e, w->slot, "TRY", name);
	set(c, name, "0");
}

/* `first`, the other one of ours, and what else there was. */
static int set_order(const struct bootenv *e, struct span text, int first, struct bootenv_change *c)
{
	CLEANUP(buf_done) struct buf order = BUF_INIT(BOOTENV_VALUE);
	char room[2 * BOOTENV_NAME], value[BOOTENV_VALUE];
	struct span rest = order_of(e, text, room), word;

	buf_printf(&order, "%s %s", e->names[first], e->names[1 - first]);
	while (span_word(&rest, &word)) {
		if (span_is(word, e->names[0]) || span_is(word, e->names[1]))
			continue;
		buf_put_byte(&order, ' ');
		buf_put(&order, word);
	}
	if (!buf_ok(&order) || span_to_str(buf_span(&order), value, sizeof(value)) < 0)
		return -E2BIG;
	set(c, order_name(e), value);
	return 0;
}

int bootenv_plan(const struct bootenv *e, struct span text, const struct boot_plan *p,
		 struct bootenv_change *ret)
{
	int r = 0;

	*ret = (struct bootenv_change){0};
	for (size_t i = 0; i < p->n && r == 0; i++) {
		const struct boot_write *w = &p->writes[i];

		if (w->is_primary)
			r = set_order(e, text, w->slot, ret);
		else
			set_slot(e, w, ret);
	}
	return r;
}
