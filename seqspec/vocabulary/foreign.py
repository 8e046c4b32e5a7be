"""Words of Keras and PyTorch that seqspec says otherwise, or not at all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Translation:
    """``text`` is what to write; ``whole`` if it replaces the argument with its value."""

    argument: str
    text: str
    whole: bool = False


TRANSLATIONS: dict[str, Translation] = {
    "return_sequences": Translation("return", "return=sequence", whole=True),
    "initial_state": Translation("initial", "initial="),
    "hidden_size": Translation("units", "units="),
    "num_units": Translation("units", "units="),
    "out_features": Translation("units", "units="),
    "out_channels": Translation("filters", "filters="),
    "stride": Translation("strides", "strides="),
    "dilation": Translation("dilation_rate", "dilation_rate="),
    "embedding_dim": Translation("output_dim", "output_dim="),
    "lr": Translation("learning_rate", "learning_rate="),
    "betas": Translation("beta_1", "beta_1= and beta_2="),
    "eps": Translation("epsilon", "epsilon="),
    "alpha": Translation("rho", "rho="),
    "p": Translation("rate", "rate="),
    "bias": Translation("use_bias", "use_bias="),
    "merge": Translation("merge_mode", "merge_mode="),
    "use_causal_mask": Translation("causal", "causal="),
    "is_causal": Translation("causal", "causal="),
    "nhead": Translation("num_heads", "num_heads="),
    "heads": Translation("num_heads", "num_heads="),
    "head_dim": Translation("key_dim", "key_dim="),
    "reduce_on_plateau": Translation("reduce", "reduce = on_plateau(…)"),
    "reduce_lr_on_plateau": Translation("reduce", "reduce = on_plateau(…)"),
    "scheduler": Translation("optimizer", "optimizer = adam(learning_rate=cosine_decay(…))"),
    "lr_scheduler": Translation("optimizer", "optimizer = adam(learning_rate=cosine_decay(…))"),
    "grad_clip": Translation("global_clipnorm", "global_clipnorm="),
}

#: Arguments that follow from something else, with what they follow from.
FOLLOWS: dict[str, str] = {
    "input_dim": "it follows from the type of what flows in",
    "input_size": "it follows from the type of what flows in",
    "in_channels": "it follows from the type of what flows in",
    "in_features": "it follows from the type of what flows in",
    "input_shape": "it follows from the model's header",
    "batch_input_shape": "it follows from the model's header",
    "input_length": "it follows from the model's header",
    "batch_first": "the order of the axes is in the type",
    "return_state": "a layer's `.state` is there for whoever names it",
    "num_layers": "layers are stacked with `->`",
    "vocab_size": "it follows from the token's type",
    "num_embeddings": "it follows from the token's type",
    "mask_zero": "it follows from the token's type",
    "from_logits": "it follows from whether a softmax stands before the loss",
}
