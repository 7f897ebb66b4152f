#include "fw/chunks.h"

static const char MAGIC[8] = "OCFCHNK1";

static void put_number(uint8_t *to, uint64_t n, size_t octets)
{
	for (size_t i = octets; i-- > 0; n >>= 8)
		to[i] = (uint8_t)n;
}

static void write_head(const struct chunks_form *form, uint8_t ret[CHUNKS_HEAD])
{
	memcpy(ret, MAGIC, sizeof(MAGIC));
	put_number(ret + sizeof(MAGIC), form->octets, sizeof(form->octets));
	put_number(ret + sizeof(MAGIC) + sizeof(form->octets), form->size, sizeof(form->size));
}

uint64_t chunks_count(const struct chunks_form *form)
{
	return form->size / form->octets + (form->size % form->octets != 0);
}

uint64_t chunks_index_size(const struct chunks_form *form)
{
	bool power = (form->octets & (form->octets - 1)) == 0;

	if (!power || form->octets < CHUNKS_OCTETS || form->octets > CHUNKS_OCTETS_MAX ||
	    form->size == 0 || chunks_count(form) > CHUNKS_MAX)
		return 0;
	return CHUNKS_HEAD + CHUNKS_DIGEST * chunks_count(form);
}

void chunks_put_head(const struct chunks_form *form, struct buf *out)
{
	uint8_t head[CHUNKS_HEAD];

	write_head(form, head);
	buf_put(out, span_of(head, sizeof(head)));
}

/* The octets of the head that are there must be those that are wanted. */
static int read_head(struct chunks_reader *r, struct span *piece)
{
	uint8_t head[CHUNKS_HEAD];
	size_t at = (size_t)r->octets;
	size_t n = piece->len < CHUNKS_HEAD - at ? piece->len : CHUNKS_HEAD - at;

	write_head(&r->form, head);
	if (n > 0 && memcmp(head + at, piece->ptr, n) != 0)
		return -EBADMSG;
	r->octets += n;
	*piece = span_skip(*piece, n);
	return 0;
}

int chunks_read(struct chunks_reader *r, struct span piece,
		int (*take)(void *arg, uint64_t chunk, const uint8_t *digest), void *arg)
{
	int result = 0;

	if (piece.len > chunks_index_size(&r->form) - r->octets)
		return -EBADMSG;
	if (r->octets < CHUNKS_HEAD)
		result = read_head(r, &piece);
	while (result == 0 && piece.len > 0) {
		uint64_t chunk = (r->octets - CHUNKS_HEAD) / CHUNKS_DIGEST;
		size_t have = (r->octets - CHUNKS_HEAD) % CHUNKS_DIGEST;
		size_t n = piece.len < CHUNKS_DIGEST - have ? piece.len : CHUNKS_DIGEST - have;

		memcpy(r->part + have, piece.ptr, n);
		r->octets += n;
		piece = span_skip(piece, n);
		if (have + n == CHUNKS_DIGEST)
			result = take(arg, chunk, r->part);
	}
	return result;
}

bool chunks_read_all(const struct chunks_reader *r)
{
	return r->octets == chunks_index_size(&r->form);
}

/* ---- the map ---- */

int chunks_map_init(struct chunks_map *m, const struct chunks_form *form)
{
	uint8_t *held;

	if (chunks_index_size(form) == 0)
		return -EINVAL;
	held = calloc((size_t)chunks_count(form) / 8 + 1, 1);
	if (!held)
		return -ENOMEM;
	*m = (struct chunks_map){.form = *form, .held = held};
	return 0;
}

void chunks_map_done(struct chunks_map *m)
{
	free(m->held);
	*m = (struct chunks_map){0};
}

static bool is_held(const struct chunks_map *m, uint64_t chunk)
{
	return (m->held[chunk / 8] >> (chunk % 8) & 1) != 0;
}

static void set_held(struct chunks_map *m, uint64_t chunk, bool held)
{
	uint8_t bit = (uint8_t)(1u << (chunk % 8));

	m->held[chunk / 8] = (uint8_t)(held ? m->held[chunk / 8] | bit : m->held[chunk / 8] & ~bit);
}

void chunks_map_hold(struct chunks_map *m, uint64_t chunk)
{
	set_held(m, chunk, true);
}

/* The chunk behind the run that begins with `chunk`, at most `n`. */
static uint64_t run_end(const struct chunks_map *m, uint64_t chunk, uint64_t n)
{
	uint64_t end = chunk + 1;

	while (end < n && is_held(m, end) == is_held(m, chunk))
		end++;
	return end;
}

uint64_t chunks_map_run(const struct chunks_map *m, uint64_t at, uint64_t to, bool *ret_held)
{
	uint64_t chunk = at / m->form.octets;
	uint64_t end = run_end(m, chunk, to / m->form.octets + 1) * m->form.octets;

	*ret_held = is_held(m, chunk);
	return (end < to ? end : to) - at;
}

uint64_t chunks_map_missing(const struct chunks_map *m, uint64_t at, uint64_t to,
			    uint64_t *ret_octets)
{
	uint64_t runs = 0, octets = 0;

	while (at < to) {
		bool held;
		uint64_t n = chunks_map_run(m, at, to, &held);

		runs += !held;
		octets += held ? 0 : n;
		at += n;
	}
	*ret_octets = octets;
	return runs;
}

/* Held runs of at most `len` chunks with missing ones on both sides. */
static void fill(struct chunks_map *m, uint64_t len)
{
	uint64_t n = chunks_count(&m->form), from = 0;

	while (from < n) {
		uint64_t end = run_end(m, from, n);

		if (is_held(m, from) && from > 0 && end < n && end - from <= len)
			for (uint64_t i = from; i < end; i++)
				set_held(m, i, false);
		from = end;
	}
}

void chunks_map_thin(struct chunks_map *m, uint64_t max)
{
	uint64_t octets;

	for (uint64_t len = 1; chunks_map_missing(m, 0, m->form.size, &octets) > max; len *= 2)
		fill(m, len);
}
