SELECT count(*) FROM {litellm}."LiteLLM_AccessGroupTable"
