#include "bus/fwupd_dict.h"

#include <assert.h>
#include <systemd/sd-bus.h>

void fwupd_dict_str(struct fwupd_dict *d, const char *name, const char *s)
{
	assert(d->n < FWUPD_PAIRS_MAX);
	d->at[d->n++] = (struct fwupd_pair){
		name, {.type = 's', .s = s}
        };
}

void fwupd_dict_num(struct fwupd_dict *d, const char *name, uint64_t t)
{
	assert(d->n < FWUPD_PAIRS_MAX);
	d->at[d->n++] = (struct fwupd_pair){
		name, {.type = 't', .t = t}
        };
}

/* The pairs, in a container that is open. */
static int append_pairs(sd_bus_message *m, const struct fwupd_dict *d)
{
	int r = 0;

	for (size_t i = 0; i < d->n && r >= 0; i++) {
		const struct bus_value *v = &d->at[i].value;

		r = v->type == 's' ? sd_bus_message_append(m, "{sv}", d->at[i].name, "s", v->s)
				   : sd_bus_message_append(m, "{sv}", d->at[i].name, "t", v->t);
	}
	return r;
}

int fwupd_dict_append(sd_bus_message *m, const struct fwupd_dict *d)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = append_pairs(m, d);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int fwupd_description_append(sd_bus_message *m, const struct fwupd_description *d)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = append_pairs(m, &d->head);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", "images");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "aa{sv}");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "a{sv}");
	for (size_t i = 0; i < d->n && r >= 0; i++)
		r = fwupd_dict_append(m, &d->images[i]);
	for (size_t i = 0; i < 4 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}
