"""The networks in MLServer, which has no runtime for LiteRT."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from loadtest.peers.models import predict_litert


class Network(MLModel):
    async def load(self) -> bool:
        self._predict = predict_litert(self.name)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        digits = [self._predict(pixels) for pixels in NumpyCodec.decode_input(payload.inputs[0])]
        output = NumpyCodec.encode_output("predict", np.array(digits))
        return InferenceResponse(model_name=self.name, outputs=[output])
