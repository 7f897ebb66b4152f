#include "check.h"

#include "pass.h"
#include "verify.h"

static void answer(struct proto_done *ret, enum fw_error e, const char *text)
{
	ret->error = e;
	proto_text(ret->text, sizeof(ret->text), text);
}

static void judge(const struct proto_image *i, const struct pass *p, struct proto_done *ret)
{
	if (p->sealed_error != FWE_OK && p->octets <= p->limit)
		answer(ret, p->sealed_error,
		       "what was delivered is not the encrypted image that was signed");
	else if (i->size != PROTO_SIZE_ANY && p->octets != i->size)
		answer(ret, FWE_IMAGE_SIZE_MISMATCH, "the image is not as long as signed");
	else if (!verify_digests(&i->digests, p->all))
		answer(ret, FWE_IMAGE_DIGEST_MISMATCH, "the image is not what was signed");
}

void check_image(const struct proto_image *i, int fd, int control,
		 void (*progress)(uint64_t octets), struct proto_done *ret)
{
	CLEANUP(hash_set_freep) struct hash_set *all = NULL;
	CLEANUP(sealed_freep) struct sealed *sealed = NULL;
	CLEANUP(freep) uint8_t *piece = malloc(PASS_PIECE);
	struct pass p = {.fd = -1,
			 .sealed_size = i->sealed_size,
			 .limit = i->size == PROTO_SIZE_ANY ? UINT64_MAX - 1 : i->size,
			 .control = control,
			 .piece = piece,
			 .progress = progress};
	const struct ece_sink image = {pass_put, &p};
	int r = piece ? hash_set_new(&all, i->digests.algs) : -ENOMEM;

	*ret = (struct proto_done){0};
	if (r == 0 && i->is_sealed)
		r = sealed_new(&sealed, i, &image);
	p.all = all;
	p.sealed = sealed;
	if (r == 0)
		r = pass_run(&p, fd);
	ret->octets = p.octets;
	if (r < 0)
		answer(ret, FWE_INSTALL_FAILED, strerror(-r));
	else
		judge(i, &p, ret);
}
