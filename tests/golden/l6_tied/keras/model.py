"""Both.

    model Words(text: token(2000)[B, T]) -> float[B, T, 2000] {
        words = embedding(64)
        seen = text -> words -> lstm(64, return=sequence) -> dropout(0.2)
        seen -> dense(2000, kernel=transpose(words.embeddings))
    }

    model Calibrated(probe: float[B, T, F]) -> float[B, T, F] {
        weight offset: float[F] = zeros(), gain: float[F] = ones()
        code = dense(8, activation=relu)
        probe * gain + offset -> code -> dense(F, kernel=transpose(code.kernel))
    }

    model Both(text: token(2000)[B, T], probe: float[B, T, 12]) -> (next: float[B, T, 2000], clean:
        float[B, T, 12]) {
        next = text -> Words
        clean = probe -> Calibrated
    }

Compiled by seqspec 0.1.0 from the spec l6_tied.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable()
class Weight(layers.Layer):
    """A weight of the model's own: it gives that, whatever it is called with."""

    def __init__(self, shape: tuple[int, ...], initializer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: Any = None) -> None:
        self.value = self.add_weight(name="value", shape=self.shape, initializer=self.initializer)

    def call(self, x: Any) -> Any:
        return ops.convert_to_tensor(self.value)

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "shape": self.shape, "initializer": initializer}


@keras.saving.register_keras_serializable()
class TiedDense(layers.Layer):
    """A dense layer whose kernel is a weight of another layer, or flows in beside its input."""

    def __init__(
        self,
        units: int,
        layer: keras.Layer | None = None,
        weight: str = "",
        transposed: bool = False,
        activation: Any = None,
        use_bias: bool = True,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units = units
        self.layer = layer
        self.weight = weight
        self.transposed = transposed
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: Any = None) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer=self.bias_initializer
            )

    def call(self, x: Any, kernel: Any = None) -> Any:
        if kernel is None:
            kernel = ops.convert_to_tensor(getattr(self.layer, self.weight))
        y = ops.matmul(x, ops.transpose(kernel) if self.transposed else kernel)
        return self.activation(y + self.bias if self.use_bias else y)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "layer": keras.saving.serialize_keras_object(self.layer),
            "weight": self.weight,
            "transposed": self.transposed,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TiedDense:
        # Within one model, Keras gives back the layer that it has restored already.
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


def build_words(name: str) -> keras.Model:
    """text [B, T] -> [B, T, 2000]"""
    text = keras.Input((None,), dtype="int32", name="text")
    # used more than once, with the same weights each time
    words = layers.Embedding(2000, 64, name="words")

    x = words(text)  # [B, T, 64]
    x = layers.LSTM(64, return_sequences=True, name="seen_lstm")(x)  # [B, T, 64]
    seen = layers.Dropout(0.2, name="seen_dropout")(x)  # [B, T, 64]
    x = TiedDense(2000, words, "embeddings", transposed=True, name="dense")(seen)  # [B, T, 2000]
    return keras.Model(text, x, name=name)


def build_calibrated(name: str) -> keras.Model:
    """probe [B, T, 12] -> [B, T, 12]"""
    probe = keras.Input((None, 12), name="probe")
    # used more than once, with the same weights each time
    code = layers.Dense(8, activation="relu", name="code")

    offset = Weight((12,), "zeros", name="offset")(probe)  # [12]
    gain = Weight((12,), "ones", name="gain")(probe)  # [12]
    x = probe * gain + offset  # [B, T, 12]
    x = code(x)  # [B, T, 8]
    x = TiedDense(12, code, "kernel", transposed=True, name="dense")(x)  # [B, T, 12]
    return keras.Model(probe, x, name=name)


def build_model() -> keras.Model:
    """text [B, T], probe [B, T, 12] -> {next [B, T, 2000], clean [B, T, 12]}"""
    text = keras.Input((None,), dtype="int32", name="text")
    probe = keras.Input((None, 12), name="probe")
    next_ = build_words(name="next_words")(text)  # [B, T, 2000]
    clean = build_calibrated(name="clean_calibrated")(probe)  # [B, T, 12]
    return keras.Model([text, probe], {"next": next_, "clean": clean}, name="Both")
