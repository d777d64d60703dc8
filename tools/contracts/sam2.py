"""SAM 2.1 tiny as transformers builds it, with random weights. transformers' exporter ties the number of points to the
number of boxes, which the public exports leave apart, so the same modules go through torch.onnx.export under their names."""

import numpy as np
import torch
from transformers import Sam2Config, Sam2ImageProcessor, Sam2Model, Sam2Processor

from pictures import load_pictures
from references import References

SEED = 14
# Fresh weights make masks that hardly leave 0 and scores that hardly leave 0.5; these reach 10 and differ by box.
SPREAD = {"vision_encoder": 1.5, "mask_decoder": 4}
NAMES = ["landscape", "portrait", "small"]
EMBEDDINGS = [f"image_embeddings.{level}" for level in range(3)]
# Boxes as parts of the picture; one of them hardly larger than a pixel.
BOXES = np.array([[0.1, 0.2, 0.6, 0.9], [0.5, 0.05, 0.99, 0.5], [0, 0, 1, 1], [0.4, 0.4, 0.41, 0.41]])


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return tuple(self.model.get_image_embeddings(pixel_values))


class Decoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_points, input_labels, input_boxes, *embeddings):
        model = self.model
        sparse, dense = model.prompt_encoder(input_points, input_labels, input_boxes, None)
        positions = model.get_image_wide_positional_embeddings().repeat(embeddings[2].shape[0], 1, 1, 1)
        masks, scores, _, objects = model.mask_decoder(
            image_embeddings=embeddings[2],
            image_positional_embeddings=positions,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
            high_resolution_features=list(embeddings[:2]),
        )
        return scores, masks, objects


def build():
    torch.manual_seed(SEED)
    model = Sam2Model(Sam2Config()).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # What transformers sets to nothing at the start differs in trained weights, so it is drawn, too.
            if name == "no_memory_embedding" or "pos_embed" in name:
                weight.normal_(0, 0.02)
            elif weight.ndim >= 2:
                weight.mul_(SPREAD.get(name.split(".")[0], 1) * (2 if ".conv_s" in name else 1))
    return model


def export(model, folder, embeddings):
    torch.onnx.export(
        Encoder(model),
        (torch.randn(1, 3, 1024, 1024),),
        folder / "vision_encoder.onnx",
        input_names=["pixel_values"],
        output_names=EMBEDDINGS,
        dynamo=False,
        opset_version=17,
    )
    boxes = torch.rand(1, 2, 4) * 1000
    prompt = (torch.rand(1, 2, 3, 2) * 1000, torch.ones(1, 2, 3, dtype=torch.int64), boxes)
    names = ["input_points", "input_labels", "input_boxes"]
    axes = {
        "input_points": {1: "point_batch", 2: "points"},
        "input_labels": {1: "label_batch", 2: "labels"},
        "input_boxes": {1: "boxes"},
        **{name: {1: "prompts"} for name in ("iou_scores", "pred_masks", "object_score_logits")},
    }
    torch.onnx.export(
        Decoder(model),
        (*prompt, *embeddings),
        folder / "prompt_encoder_mask_decoder.onnx",
        input_names=names + EMBEDDINGS,
        output_names=["iou_scores", "pred_masks", "object_score_logits"],
        dynamic_axes=axes,
        dynamo=False,
        opset_version=17,
    )


def main():
    references = References("sam2-tiny", ["transformers", "torch", "torchvision", "pillow"])
    model = build()
    model.config.save_pretrained(references.model)
    images = Sam2ImageProcessor()
    images.save_pretrained(references.model)
    processor = Sam2Processor(images)
    for name, (file, image) in load_pictures().items():
        references.facts[name] = {"file": file, "width": image.width, "height": image.height}
        levels = images(image, do_rescale=False, do_normalize=False, return_tensors="np").pixel_values[0]
        references.add(f"{name}/resized/torchvision", levels.transpose(1, 2, 0).astype("uint8"))
        references.add(f"{name}/resized/pillow", np.asarray(image.resize((1024, 1024), 2)))
        if name in NAMES:
            embeddings = add_run(references, name, model, processor, image)
    references.facts["runs"] = NAMES
    export(model, references.model / "onnx", embeddings)
    references.save()


@torch.no_grad()
def add_run(references, name, model, processor, image):
    square = processor.image_processor(image.resize((1024, 1024), 2), return_tensors="pt").pixel_values
    references.add(f"{name}/pixel_values", square)
    embeddings = model.get_image_embeddings(square)
    for level, tensor in enumerate(embeddings):
        references.add(f"{name}/{EMBEDDINGS[level]}", tensor)
    boxes = (BOXES * np.tile(image.size, 2)).astype(np.float32)
    references.add(f"{name}/boxes", boxes)
    sizes = [(image.height, image.width)]
    prompts = processor(original_sizes=sizes, input_boxes=[boxes.tolist()], return_tensors="pt")
    references.add(f"{name}/input_boxes", prompts.input_boxes.float())
    outputs = model(image_embeddings=embeddings, input_boxes=prompts.input_boxes.float())
    # Random masks lie on one side of 0; moved to their middle, about half of each is set.
    masks = outputs.pred_masks - outputs.pred_masks.flatten(-2).median(-1).values[..., None, None]
    references.add(f"{name}/iou_scores", outputs.iou_scores)
    references.add(f"{name}/pred_masks", outputs.pred_masks)
    references.add(f"{name}/moved_masks", masks)
    best = outputs.iou_scores[0].argmax(-1)
    chosen = masks[0, torch.arange(len(best)), best]
    [decoded] = processor.post_process_masks([chosen[:, None]], sizes)
    references.add(f"{name}/decoded", decoded[:, 0])
    return embeddings


if __name__ == "__main__":
    main()
