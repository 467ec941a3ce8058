SELECT NOT EXISTS (SELECT FROM {litellm}."LiteLLM_TeamTable")
